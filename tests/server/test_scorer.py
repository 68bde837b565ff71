"""A scorer behind the rules: a real server asks a real one over HTTP, which is slow, away, or late, as it is told."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.server.conftest import eventually

SCORES = {"fine": 0.1, "doubtful": 0.75, "bad": 0.95}


class FakeScorer(ThreadingHTTPServer):
    """Scores a text by its first word; while `open` is not set it keeps whoever asks waiting."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.open = threading.Event()
        self.open.set()
        self.asked: list[dict[str, Any]] = []
        self.answer: bytes | None = None  # instead of a score

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/score"


class Handler(BaseHTTPRequestHandler):
    server: FakeScorer

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(asked)
        self.server.open.wait(30)
        score = SCORES[asked["text"].split()[0]]
        body = self.server.answer or json.dumps({"score": score}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def scorer() -> Iterator[FakeScorer]:
    with FakeScorer() as fake:
        threading.Thread(target=fake.serve_forever, daemon=True).start()
        yield fake
        fake.open.set()
        fake.shutdown()


def texts(server) -> list[str]:
    return [comment["text"] for comment in server.history()]


def held(server) -> list[str]:
    _, page, _ = server.ask("GET", "/v1/streams/demo/held", user="Mod", allow=("read", "post", "moderate"))
    return [each["text"] for each in page["items"]]


def test_a_score_is_waited_for_and_is_the_verdict(start_server, scorer):
    server = start_server("--scorer", scorer.url, "--scorer-timeout-ms", "5000")
    assert [server.post(text)[0] for text in ("fine one", "doubtful one", "bad one")] == [201, 202, 422]
    assert texts(server) == ["fine one"]
    assert held(server) == ["doubtful one"]
    assert scorer.asked[0] == {"stream": "demo", "author": "Ada", "text": "fine one"}
    health = server.request("GET", "/health")[1]["breakers"]["scorer"]
    assert (health["state"], health["calls"], health["failures"]) == ("closed", 3, 0)


def test_moderators_and_what_a_rule_refuses_are_not_asked_about(start_server, scorer):
    server = start_server("--scorer", scorer.url, "--scorer-timeout-ms", "5000")
    body = {"text": "bad but a moderator's"}
    moderator = {"user": "Mod", "allow": ("read", "post", "moderate")}
    assert server.ask("POST", "/v1/streams/demo/comments", body, **moderator)[0] == 201
    assert server.post("fine one")[0] == 201
    assert server.post("fine one")[0] == 422, "said before"
    assert [each["text"] for each in scorer.asked] == ["fine one"]


@pytest.mark.parametrize(("fallback", "status"), [("allow", 201), ("hold", 202), ("deny", 422)])
def test_without_an_answer_in_time_the_fallback_is_the_verdict(start_server, scorer, fallback, status):
    server = start_server("--scorer", scorer.url, "--scorer-timeout-ms", "100", "--scorer-fallback", fallback)
    scorer.open.clear()
    assert server.post("fine one")[0] == status


def test_a_late_score_takes_back_what_was_shown(start_server, scorer, follow):
    server = start_server("--scorer", scorer.url, "--scorer-timeout-ms", "100", "--scorer-fallback", "allow")
    scorer.open.clear()
    assert [server.post(text)[0] for text in ("fine one", "bad one")] == [201, 201]
    assert texts(server) == ["fine one", "bad one"]
    scorer.open.set()
    eventually(lambda: texts(server) == ["fine one", ""], "the bad one is gone")


def test_a_late_score_lets_in_what_was_held_and_drops_what_is_bad(start_server, scorer):
    server = start_server("--scorer", scorer.url, "--scorer-timeout-ms", "100", "--scorer-fallback", "hold")
    scorer.open.clear()
    assert [server.post(text)[0] for text in ("fine one", "bad one")] == [202, 202]
    assert held(server) == ["fine one", "bad one"]
    scorer.open.set()
    eventually(lambda: texts(server) == ["fine one"] and not held(server), "the queue is empty")


def test_who_does_not_wait_is_out_at_once_and_taken_back(start_server, scorer):
    server = start_server("--scorer", scorer.url, "--scorer-timeout-ms", "2000", "--scorer-behind")
    scorer.open.clear()
    assert [server.post(text)[0] for text in ("fine one", "doubtful one", "bad one")] == [201, 201, 201]
    assert texts(server) == ["fine one", "doubtful one", "bad one"]
    scorer.open.set()
    eventually(lambda: texts(server) == ["fine one", "", ""], "what is not fine is gone")


def test_an_edit_waits_even_where_posts_do_not(start_server, scorer):
    server = start_server("--scorer", scorer.url, "--scorer-timeout-ms", "5000", "--scorer-behind")
    comment = server.post("fine one")[1]["id"]
    path = f"/v1/streams/demo/comments/{comment}"
    assert server.ask("PATCH", path, {"text": "bad now"})[0] == 422
    assert server.ask("PATCH", path, {"text": "fine still"})[0] == 200
    assert texts(server) == ["fine still"]


@pytest.mark.parametrize("answer", [b"no JSON", b'{"score": 2}', b'{"score": null}', b"[]"])
def test_an_answer_that_is_no_score_is_none(start_server, scorer, answer):
    server = start_server("--scorer", scorer.url, "--scorer-timeout-ms", "5000", "--scorer-fallback", "hold")
    scorer.answer = answer
    assert server.post("fine one")[0] == 202


def test_a_scorer_that_is_away_is_left_alone_after_a_while(start_server, scorer):
    server = start_server("--scorer", f"{scorer.url[: scorer.url.rindex(':')]}:1/score")
    eventually(
        lambda: (
            server.post(f"bad one {time.monotonic()}")[0] == 201
            and server.request("GET", "/health")[1]["breakers"]["scorer"]["state"] == "open"
        ),
        "its breaker is open",
    )
    assert server.request("GET", "/health")[1]["rung"] == "full", "a server without its scorer is not overloaded"


def test_a_server_ends_although_its_scorer_does_not_answer(start_server, scorer):
    server = start_server("--scorer", scorer.url, "--scorer-timeout-ms", "100", "--scorer-behind")
    scorer.open.clear()
    assert server.post("fine one")[0] == 201
    assert server.stop() == 0
