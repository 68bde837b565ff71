"""The site, built once for the whole run, whoever asks for it first."""

import fcntl
from pathlib import Path

from simulation.docs.site import build


def any_site(shared: Path) -> Path:
    """Build it into a folder that all workers share, unless one of them has done so."""
    site, mark = shared / "site", shared / "site.built"
    with (shared / "site.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not mark.exists():
            build(site)
            mark.touch()
    return site
