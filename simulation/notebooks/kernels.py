"""Where the notebooks are, and the environment in which a kernel finds this project, whatever folder it runs in."""

import os
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "notebooks"


def environment() -> dict[str, str]:
    """For a kernel, or for what starts kernels."""
    known = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    path = [str(ROOT), *(each for each in known if each not in ("", str(ROOT)))]
    # Kernels of the packages beside this one come before those that somebody has for all of his projects.
    return os.environ | {"PYTHONPATH": os.pathsep.join(path), "JUPYTER_PREFER_ENV_PATH": "1"}
