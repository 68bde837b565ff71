"""Builds the site: pages out of the notebooks first, then everything with MkDocs, where a warning is an error."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from simulation.docs.ranges import keep_whole
from simulation.docs.search import INDEX, hold_back

ROOT = Path(__file__).parents[2]
NEEDED = ("mkdocs", "material", "mkdocstrings_handlers.python", "nbconvert")
SITE = ROOT / "site"


class SiteError(Exception):
    """The site cannot be built; the message says why, and what to do."""


def build(output: Path = SITE) -> None:
    """Build the site into ``output``, which is emptied first; SiteError with everything that MkDocs complains of."""
    _check_installed()
    _check_output(output)
    # Imported now that its own imports are known to be there.
    from simulation.docs.notebook_pages import write_all

    write_all()
    # Not --quiet, which counts no warnings either, so that --strict would let them pass.
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--clean"]
    # The theme warns at every build of a MkDocs 2 that the lock keeps out.
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(
        [*command, "--config-file", str(ROOT / "mkdocs.yml"), "--site-dir", str(output.resolve())],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SiteError(f"the site does not build:\n{done.stdout}{done.stderr}".rstrip())
    hold_back(output)
    keep_whole(output)


def _check_installed() -> None:
    missing = [name for name in NEEDED if not _installed(name)]
    if missing:
        raise SiteError(f"{', '.join(missing)} must be installed; the launcher does it: ./livecomments docs")


def _installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def _check_output(output: Path) -> None:
    """MkDocs empties the folder: it must be a new one, an empty one, or a site."""
    if output.exists() and not output.is_dir():
        raise SiteError(f"{output} is a file; a site needs a folder")
    # By its index a site is known that was built before.
    if output.is_dir() and any(output.iterdir()) and not (output / INDEX).is_file():
        raise SiteError(f"{output} holds something else than a site, and would be emptied; name a new folder")
    if output.resolve().is_relative_to(ROOT / "lessons"):
        raise SiteError(f"{output} is inside the pages that the site is built of; name another folder")
