"""A real server in a process of its own, and a real Chromium to look at it with."""

import http.client
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from simulation.engines.ports import free_port
from tests.patience import PATIENT

playwright = pytest.importorskip("playwright.sync_api", reason="install playwright: pip install -e '.[dev]'")

ROOT = Path(__file__).parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-smooth-scrolling",  # a wheel turn is over at once
]
WAIT_MS = 60_000  # the longest that anything here may take


class Server:
    """A server on a port of its own, which it keeps when it is started again."""

    def __init__(self, data: Path, *options: str) -> None:
        self._data = data
        self._options = options
        self._process: subprocess.Popen[str] | None = None
        self._posted = itertools.count()
        self.url = f"http://127.0.0.1:{free_port()}"
        self.start()

    @property
    def address(self) -> str:
        return urlsplit(self.url).netloc

    def start(self) -> None:
        port = str(urlsplit(self.url).port)
        command = [sys.executable, "-m", "reference_impl", "serve", "--port", port, "--data", str(self._data)]
        command += self._options
        environment = os.environ | PATIENT | {"LIVECOMMENTS_DISPLAY": "all"}
        self._process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
        assert self._process.stderr is not None
        said = []
        for line in self._process.stderr:
            said.append(line)
            if "url=" in line:
                self.url = line.split("url=")[1].split()[0]
                threading.Thread(target=_drain, args=(self._process.stderr,)).start()
                return
        pytest.fail("the server did not start:\n" + "".join(said))

    def kill(self) -> None:
        """End it as a crash does: nothing is written, no connection is closed in order."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """End it as an upgrade does: everybody is sent away in order."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        self._process.wait()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Its connections stay open, and nothing comes over them."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def post(self, stream: str, texts: list[str], author: str | None = None) -> None:
        """Post comments in order; without an author, with so many that none is posting too fast."""
        connection = http.client.HTTPConnection(self.address, timeout=WAIT_MS / 1000)
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.token(connection)}"}
        for text in texts:
            name = author or f"Viewer {next(self._posted) // 10}"
            body = json.dumps({"author": {"id": name}, "text": text})
            connection.request("POST", f"/v1/streams/{stream}/comments", body, headers)
            answer = connection.getresponse()
            said = answer.read()
            assert answer.status == 201, said
        connection.close()

    def token(self, connection: http.client.HTTPConnection) -> str:
        """A token that may do everything."""
        body = json.dumps({"user": "gateway", "caps": [{"allow": ["admin"]}]})
        connection.request("POST", "/v1/dev/tokens", body, {"Content-Type": "application/json"})
        return str(json.loads(connection.getresponse().read())["token"])

    def moderate(self, method: str, path: str, body: Any = None) -> Any:
        """One request of somebody who may do everything, to a stream's address."""
        connection = http.client.HTTPConnection(self.address, timeout=WAIT_MS / 1000)
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.token(connection)}"}
        connection.request(method, f"/v1/streams/{path}", None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        said = answer.read()
        connection.close()
        assert answer.status < 300, said
        return json.loads(said)

    def viewers(self) -> int:
        """How many connections follow a stream."""
        connection = http.client.HTTPConnection(self.address, timeout=WAIT_MS / 1000)
        connection.request("GET", "/readyz")
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return int(answer["viewers"])

    def watched(self, viewers: int) -> None:
        """Wait until so many follow: a page that has let a connection go is forgotten a moment later."""
        until_s = time.monotonic() + WAIT_MS / 1000
        while (found := self.viewers()) != viewers:
            assert time.monotonic() < until_s, f"{found} connections, and not {viewers}"
            time.sleep(0.05)

    def ids(self, stream: str) -> list[str]:
        """The newest page of what is stored."""
        return [item["id"] for item in self.moderate("GET", f"{stream}/comments?limit=200")["items"]]

    def texts(self, stream: str) -> list[str]:
        """The newest page of what is stored."""
        connection = http.client.HTTPConnection(self.address, timeout=WAIT_MS / 1000)
        connection.request("GET", f"/v1/streams/{stream}/comments?limit=200")
        items = json.loads(connection.getresponse().read())["items"]
        connection.close()
        return [item["text"] for item in items]


def _drain(pipe: Any) -> None:
    with pipe:
        pipe.read()


# Remembers the most rows that were on the page at once; a MutationObserver sees every state that could be painted.
WATCH_ROWS = """widget => {
  const root = widget.shadowRoot;
  window.mostRows = 0;
  const count = () => (window.mostRows = Math.max(window.mostRows, root.querySelectorAll(".row:not([hidden])").length));
  new MutationObserver(count).observe(root, { subtree: true, childList: true, attributes: true });
}"""


@dataclass
class Viewer:
    """A page with the widget on it, and what it did that a reader does not see."""

    page: Any
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    sockets: list[str] = field(default_factory=list)

    @property
    def panel(self) -> Any:
        return self.page.get_by_role("region", name="About this connection")

    def asked(self, path: str) -> list[str]:
        """The addresses that it has asked for, those of WebSockets too."""
        return [url for url in self.requests + self.sockets if path in url]

    def open_panel(self) -> Any:
        self.state.click()
        return self.panel

    def fact(self, term: str) -> Any:
        """What the panel says under this heading."""
        return self.panel.locator(f"dt:text-is('{term}') + dd")

    @property
    def rows(self) -> Any:
        return self.page.locator(".list .row")

    @property
    def state(self) -> Any:
        return self.page.locator("live-comments .state")

    def showing(self, text: str) -> Any:
        """Rows with exactly this text, on their way or stored."""
        return self.page.locator(".row:visible .text").get_by_text(text, exact=True)

    def texts(self) -> list[str]:
        return self.page.locator(".list .text").all_inner_texts()  # type: ignore[no-any-return]

    def watch_rows(self) -> None:
        self.page.locator("live-comments").evaluate(WATCH_ROWS)

    def most_rows(self) -> int:
        """The most rows at once since `watch_rows`, on their way or stored."""
        return self.page.evaluate("window.mostRows")  # type: ignore[no-any-return]

    def write(self, text: str, author: str = "Ada") -> None:
        self.page.get_by_label("Name").fill(author)
        self.page.get_by_label("Comment", exact=True).fill(text)

    def send(self, text: str, author: str = "Ada") -> None:
        self.write(text, author)
        self.press_enter()

    def press_enter(self) -> None:
        self.page.get_by_label("Comment", exact=True).press("Enter")


@pytest.fixture
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """A server; a test may be parametrized with its options."""
    running = Server(tmp_path / "data", *getattr(request, "param", ()))
    yield running
    running.kill()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip("needs Chromium on PATH: install your system's chromium package, or Google Chrome")
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=found, args=ARGS)
        yield running
        running.close()


@pytest.fixture
def open_viewer(server: Server, browser: Any) -> Iterator[Callable[..., Viewer]]:
    """Open the page of a stream and wait until it is live: in a browser profile of its own, or `beside` another tab.

    `origin` is that of a proxy in front of the server, `script` runs before the page's own.
    """
    contexts: list[Any] = []
    viewers: list[tuple[Viewer, str]] = []

    def open_one(
        stream: str = "demo",
        state: str = "live",
        own_clock: bool = False,
        transport: str = "",
        beside: Viewer | None = None,
        origin: str = "",
        script: str = "",
    ) -> Viewer:
        context = beside.page.context if beside else browser.new_context(viewport={"width": 1280, "height": 800})
        if own_clock:
            context.clock.install()
        context.set_default_timeout(WAIT_MS)
        contexts.append(context)
        viewer = Viewer(context.new_page())
        viewers.append((viewer, origin or server.url))
        if script:
            viewer.page.add_init_script(script)
        viewer.page.on("pageerror", lambda error: viewer.errors.append(str(error)))
        viewer.page.on("console", lambda said: viewer.errors.extend([said.text] if said.type == "error" else []))
        viewer.page.on("request", lambda request: viewer.requests.append(request.url))
        viewer.page.on("websocket", lambda socket: viewer.sockets.append(socket.url))
        viewer.page.goto(f"{origin or server.url}/?stream={stream}&transport={transport}")
        viewer.page.locator(f"live-comments .state[data-state={state}]").wait_for()
        return viewer

    playwright.expect.set_options(timeout=WAIT_MS)
    yield open_one
    for context in contexts:
        context.close()
    foreign = [url for viewer, own in viewers for url in viewer.requests if not url.startswith(own)]
    assert foreign == []
