"""The built site in a browser, served as `./livecomments docs` serves it."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from simulation.docs.serving import listening

WAIT_MS = 60_000  # the longest that anything here may take
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="session")
def address(site: Path) -> Iterator[str]:
    server = listening(site, 0)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    serving.join()
    server.server_close()


@pytest.fixture
def profile(browser: Any, address: str) -> Iterator[Callable[..., Any]]:
    """A reader's own browser profile; nobody's page asks anybody else for anything, or has an error."""
    contexts, wrong = [], []

    def one(**how: Any) -> Any:
        context = browser.new_context(**{"viewport": DESKTOP, **how})
        context.on(
            "request", lambda request: wrong.append(request.url) if not request.url.startswith(address) else None
        )
        context.on("weberror", lambda error: wrong.append(str(error.error)))
        context.set_default_timeout(WAIT_MS)
        contexts.append(context)
        return context

    expect.set_options(timeout=WAIT_MS)
    yield one
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture
def read(profile: Callable[..., Any], address: str) -> Callable[..., Any]:
    """Open a page of the site in a profile of its own."""

    def open_page(where: str = "", **how: Any) -> Any:
        page = profile(**how).new_page()
        page.goto(address + where)
        return page

    return open_page
