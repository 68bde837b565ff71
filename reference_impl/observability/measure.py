"""``serve --measure FILE``: when each comment passed each stage, and what each fan-out cost, as CSV.

Kinds of line are told apart by their first field. All times are monotonic seconds, the same clock in every process of
the machine, so that a load generator beside the server can join its own times to these.

    comment,seq,received_s,admitted_s,durable_s,hub_s,flushed_s
    fan_out,first,last,viewers,size_bytes,start_s,end_s
    write,asked_s,begun_s,worked_s,answered_s,cpu_s,rest_s
"""

from pathlib import Path
from types import TracebackType

from reference_impl.ports import Stamps

BUFFER_BYTES = 1024 * 1024


class CsvRecorder:
    """Writes through a large buffer; a disk too slow for that would show in the server's own latency."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", buffering=BUFFER_BYTES)

    def comment(self, seq: int, stamps: Stamps, hub_s: float, flushed_s: float) -> None:
        self._file.write(
            f"comment,{seq},{stamps.received_s:.7f},{stamps.admitted_s:.7f},{stamps.durable_s:.7f},"
            f"{hub_s:.7f},{flushed_s:.7f}\n"
        )

    def fan_out(self, first: int, last: int, viewers: int, size_bytes: int, start_s: float, end_s: float) -> None:
        self._file.write(f"fan_out,{first},{last},{viewers},{size_bytes},{start_s:.7f},{end_s:.7f}\n")

    def write(
        self, asked_s: float, begun_s: float, worked_s: float, answered_s: float, cpu_s: float, rest_s: float
    ) -> None:
        self._file.write(
            f"write,{asked_s:.7f},{begun_s:.7f},{worked_s:.7f},{answered_s:.7f},{cpu_s:.7f},{rest_s:.7f}\n"
        )

    def flush(self) -> None:
        self._file.flush()

    def __enter__(self) -> "CsvRecorder":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
