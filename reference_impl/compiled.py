"""Compiles a C source that comes with the package, once, into the user's cache; nothing here is needed to run."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

COMPILE_S = 60.0


class NotCompiled(Exception):  # noqa: N818 - named for what the caller meets
    """There is no compiler, or it failed."""


def compiled(source: Path, *flags: str) -> Path:
    """Answer the program or library that a source makes; NotCompiled says why there is none."""
    try:
        return _compiled(source, flags)
    except (OSError, subprocess.SubprocessError) as error:
        raise NotCompiled(str(error)) from error


def _compiled(source: Path, flags: tuple[str, ...]) -> Path:
    digest = hashlib.sha256(source.read_bytes() + " ".join(flags).encode()).hexdigest()[:16]
    made = _cache() / f"{source.stem}-{digest}"
    if not made.exists():
        _compile(source, flags, made)
    return made


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(base) / "livecomments"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _compile(source: Path, flags: tuple[str, ...], made: Path) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        raise FileNotFoundError("there is no C compiler (cc)")
    with TemporaryDirectory(dir=made.parent) as scratch:  # renamed when whole: others may be starting too
        fresh = Path(scratch) / made.name
        command = [compiler, "-O2", *flags, "-o", str(fresh), str(source)]
        subprocess.run(command, check=True, capture_output=True, timeout=COMPILE_S)
        fresh.replace(made)
