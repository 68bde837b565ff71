"""A server that cannot start says why in one line, and its exit status tells."""

import socket
import subprocess
import sys

import pytest

from tests.server.conftest import DEADLINE_S, ROOT


def _serve(*options):
    return _start("serve", *options)


def _start(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "reference_impl", *arguments],
        cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE_S, check=False,
    )  # fmt: skip


def test_a_busy_port_is_named_and_another_is_advised(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = _serve("--port", str(port), "--data", str(tmp_path))
    assert done.returncode == 1
    assert done.stderr == (
        f"livecomments: cannot listen on 127.0.0.1:{port}: Address already in use; choose another --port\n"
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--port", "99999"), "port: Input should be less than or equal to 65535, got 99999"),
        (("--partitions", "0"), "partitions: Input should be greater than or equal to 1, got 0"),
        (("--window-ms", "-1"), "window_ms: Input should be greater than or equal to 0, got -1.0"),
        (("--port", "0", "--data", "/dev/null/x"), "cannot open the log /dev/null/x/comments.sqlite"),
    ],
)
def test_a_bad_option_is_named_with_what_is_allowed(options, words):
    done = _serve(*options)
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "livecomments: an edge needs --api http://…"),
        (("--api", "localhost:8080"), "String should match pattern"),
        (("--api", "http://127.0.0.1:1", "--mode", "production", "--jwks", "keys.json"), "needs --token-file"),
        (("--api", "http://127.0.0.1:1", "--port", "0", "--token-file", "/dev/null/x"), "cannot read the token file"),
    ],
)
def test_a_bad_option_of_an_edge_is_named(options, words):
    done = _start("edge", *options)
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr
