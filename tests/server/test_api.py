"""The API over real sockets: what is stored, what is refused, and in which words."""

import concurrent.futures

import pytest

from reference_impl.protocol.problem import KINDS
from reference_impl.protocol.text import TEXT_MAX


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    from tests.server.conftest import ServerProcess

    started = ServerProcess(tmp_path_factory.mktemp("api") / "data", "--rate-burst", "100000")
    yield started
    started.end()


def test_a_post_is_answered_with_the_whole_comment(server):
    status, comment = server.post("  What a\tgoal!\u202e\n", author="Ada", stream="whole")
    assert status == 201
    author = {"id": "Ada", "name": "Ada", "avatar": None, "badges": []}
    assert (comment["seq"], comment["author"], comment["text"]) == (1, author, "What a goal!")
    assert comment["cursor"].endswith(":1")
    assert comment["id"][14] == "7"
    assert server.history("whole") == [comment]


@pytest.mark.parametrize(
    ("body", "status", "kind", "words"),
    [
        ({"text": "x" * (TEXT_MAX + 1)}, 422, "invalid-text", "501 code points, at most 500"),
        ({"text": "x", "author": {"id": "a", "name": "A" * 41}}, 422, "invalid-text", "41 code points, at most 40"),
        ({"text": " \u200f\n"}, 422, "invalid-text", "empty"),
        ({}, 400, "invalid-request", "text: Field required"),
        ({"text": "x", "colour": 1}, 400, "invalid-request", "colour: Extra inputs"),
        ({"text": "x", "parent_id": "1"}, 400, "invalid-request", "parent_id: String should match"),
        (b"{nonsense", 400, "invalid-request", "body: Invalid JSON"),
        (b" " * 20_000, 413, "too-large", "16384 bytes"),
    ],
)
def test_a_bad_comment_is_refused_by_name(server, body, status, kind, words):
    seen, problem, headers = server.ask("POST", "/v1/streams/refused/comments", body, allow=("admin",))
    assert (seen, problem["type"], headers["content-type"]) == (status, f"/problems/{kind}", "application/problem+json")
    assert words in problem["detail"]
    assert problem["definite"]
    assert server.history("refused") == []


@pytest.mark.parametrize(
    ("path", "status", "kind"),
    [
        ("/v1/streams/demo/comments?limit=201", 400, "invalid-request"),
        ("/v1/streams/demo/comments?after=abc", 400, "invalid-cursor"),
        ("/v1/streams/demo/comments?after=1:1", 400, "invalid-cursor"),
        ("/v1/streams/demo/comments?after=1:1&before=1:1", 400, "invalid-request"),
        ("/v1/streams/no%20spaces/comments", 400, "invalid-request"),
        ("/v1/streams/demo/events?cursor=abc", 400, "invalid-cursor"),
        ("/nowhere", 404, "not-found"),
        ("/problems/nothing", 404, "not-found"),
    ],
)
def test_a_bad_request_is_refused_by_name(server, path, status, kind):
    seen, problem, _ = server.request("GET", path)
    assert (seen, problem["type"]) == (status, f"/problems/{kind}")


def test_history_reads_the_same_both_ways(server):
    posted = [server.post(str(number), stream="pages")[1] for number in range(45)]
    assert server.history("pages") == posted
    forward, query = [], f"limit=7&after={posted[0]['cursor'].split(':')[0]}:0"
    while True:
        _, page, _ = server.request("GET", f"/v1/streams/pages/comments?{query}")
        forward += page["items"]
        if not page["has_more"]:
            break
        query = f"limit=7&after={page['next_cursor']}"
    assert forward == posted
    backward, query = [], "limit=7"
    while True:
        _, page, _ = server.request("GET", f"/v1/streams/pages/comments?{query}")
        backward = page["items"] + backward
        if not page["has_more"]:
            break
        query = f"limit=7&before={page['prev_cursor']}"
    assert backward == posted


def test_a_repeated_key_replays_the_first_answer_and_stores_nothing(server):
    first = server.post("once", key="k", stream="keys")
    path, fields = "/v1/streams/keys/comments", {"Idempotency_Key": "k"}
    status, again, said = server.ask("POST", path, {"text": "once"}, **fields)
    assert (status, again, said["idempotent-replayed"]) == (201, first[1], "true")
    status, problem = server.post("twice", key="k", stream="keys")
    assert (status, problem["type"]) == (422, "/problems/idempotency-key-reused")
    assert server.post("once", author="Bo", key="k", stream="keys")[0] == 201
    assert [comment["text"] for comment in server.history("keys")] == ["once", "once"]


def test_many_requests_at_once_with_one_key_store_one_comment(server):
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: server.post("same", key="race", stream="race"), range(64)))
    assert {status for status, _ in answers} <= {201, 409}
    assert len({body["id"] for status, body in answers if status == 201}) == 1
    assert len(server.history("race")) == 1


def test_an_author_over_the_rate_is_told_when_to_come_back(start_server):
    server = start_server("--rate-burst", "3", "--rate-period-s", "3000")  # none comes back meanwhile
    answers = [server.post(str(number)) for number in range(4)]
    assert [status for status, _ in answers] == [201, 201, 201, 429]
    assert answers[3][1]["retry_after_s"] > 0
    _, _, headers = server.ask("POST", "/v1/streams/demo/comments", {"text": "x"})
    assert 1 <= int(headers["retry-after"]) <= 1000
    assert headers["ratelimit-policy"] == '"user";q=3;w=3000'
    assert headers["ratelimit"].startswith('"user";r=0;t=')
    assert server.post("another author", author="Bo")[0] == 201


def test_pages_and_documents_are_served(server):
    assert server.request("GET", "/livez")[:2] == (200, {"status": "alive"})
    assert server.request("GET", "/readyz")[1]["status"] == "ready"
    assert b"<live-comments" in server.request("GET", "/")[1]
    assert server.request("GET", "/web/live-comments.js")[2]["cache-control"] == "no-cache"
    document = server.request("GET", "/openapi.json")[1]
    assert "429" in document["paths"]["/v1/streams/{stream}/comments"]["post"]["responses"]
    page = server.request("GET", "/docs")[1]
    assert b"://" not in page.replace(b"http://www.w3.org", b""), "the documentation loads from elsewhere"
    kinds = server.request("GET", "/problems")[1]
    assert [kind["type"] for kind in kinds] == [kind.type for kind in KINDS]


def test_only_the_named_sites_may_embed_the_comments(start_server):
    server = start_server("--cors-origin", "https://friend.example")
    for origin, allowed in (("https://friend.example", "https://friend.example"), ("https://other.example", None)):
        headers = server.request("GET", "/v1/streams/demo/comments", headers={"Origin": origin})[2]
        assert headers.get("access-control-allow-origin") == allowed
