"""The built site and its pages."""

from pathlib import Path

import pytest

from tests.docs.links import Page


@pytest.fixture(scope="session")
def pages(site: Path) -> dict[str, Page]:
    """Every page of the site by its address."""
    found = sorted(site.rglob("*.html"))
    return {path.relative_to(site).as_posix(): Page(path.read_text()) for path in found}
