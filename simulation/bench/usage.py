"""What processes and cores have used so far, as Linux counts it."""

from dataclasses import dataclass
from pathlib import Path


def rss_kb(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


@dataclass(frozen=True, slots=True)
class CoreTime:
    """Ticks of a core so far (proc(5), /proc/stat), whoever had them."""

    idle: int
    total: int

    @classmethod
    def read(cls, core: set[int] | None) -> "CoreTime":
        if core is None:
            return cls(0, 0)
        stat = Path("/proc/stat").read_text()
        ticks = [int(field) for field in stat.partition(f"cpu{min(core)} ")[2].partition("\n")[0].split()[:8]]
        return cls(ticks[3] + ticks[4], sum(ticks))

    def busy_share(self, core: set[int] | None) -> float:
        now = CoreTime.read(core)
        return 1 - (now.idle - self.idle) / max(1, now.total - self.total)
