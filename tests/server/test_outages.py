"""A full disk, a locked file, a stopped database: a clear 503, nothing half done, and recovery without a restart."""

import os
import sqlite3
import subprocess
import sys
from contextlib import contextmanager

import pytest

from tests.engines import private_postgres
from tests.server.conftest import DEADLINE_S, ROOT, ServerProcess, eventually

pytestmark = pytest.mark.slow

DISK_BYTES = 4 * 1024 * 1024
IMPATIENT = {"LIVECOMMENTS_LOG_DEADLINE_S": "3"}  # less than engines themselves take to give up


@contextmanager
def small_disk(path):
    """A file system of its own, with little room."""
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(path)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("cannot mount a small disk: run as root, where mounting is allowed")
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


def post_many(server, first, count):
    for number in range(first, first + count):
        status, body = server.post(f"number {number}", author=f"u{number}", key=str(number))
        assert status == 201, body


def refused(server, key):
    status, problem, headers = server.ask(
        "POST", "/v1/streams/demo/comments", {"text": "during the outage"}, Idempotency_Key=key
    )
    assert (status, problem["type"], problem["definite"]) == (503, "/problems/log-unavailable", False), problem
    assert int(headers["retry-after"]) >= 1
    return problem["detail"]


def recovered(server, key, stored):
    """The refused comment is posted by a repeat of its request, and everything is there once."""
    answer = eventually(lambda: (got := server.post("during the outage", key=key))[0] == 201 and got, "it recovers")
    assert server.post("during the outage", key=key) == answer
    texts = [comment["text"] for comment in server.history()]
    assert (len(texts), texts[-1], texts.count("during the outage")) == (stored + 1, "during the outage", 1)
    assert [comment["seq"] for comment in server.history()] == list(range(1, stored + 2))


def test_a_full_disk(tmp_path):
    with small_disk(tmp_path / "disk") as disk:
        server = ServerProcess(disk / "data", "--rate-burst", "100000")
        try:
            post_many(server, 0, 30)
            with pytest.raises(OSError, match="No space"):
                (disk / "filler").write_bytes(bytes(DISK_BYTES))
            detail = eventually(lambda: _fill_up(server), "the log has no room left")
            assert "full" in detail or "disk" in detail
            before = len(server.history())
            refused(server, "k")
            assert len(server.history()) == before, "reading goes on, and nothing was stored"
            (disk / "filler").unlink()
            recovered(server, "k", before)
        finally:
            server.end()


def _fill_up(server):
    """Post until it is refused; the file may still have some room of its own."""
    for number in range(1000, 1400):
        status, body = server.post(f"{number} " * 80, author=f"u{number}")
        if status == 503:
            return body["detail"]
        assert status == 201, body
    return None


def test_a_locked_log(start_server, tmp_path):
    server = start_server(**IMPATIENT)
    post_many(server, 0, 5)
    other = sqlite3.connect(tmp_path / "data" / "comments.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert "log_writes did not answer within 3 s" in refused(server, "k")
    eventually(lambda: any("late" in line and "locked" in line for line in server.said), "the log says why")
    assert len(server.history()) == 5
    other.execute("ROLLBACK")
    other.close()
    recovered(server, "k", 5)


def migrate(url, *options):
    command = [sys.executable, "-m", "reference_impl", "migrate", "--log", url, *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE_S)


def test_a_database_that_stops_and_comes_back(start_server):
    with private_postgres() as database:
        assert migrate(database.url).returncode == 0
        server = start_server("--log", database.url)
        post_many(server, 0, 5)
        database.stop()
        refused(server, "k")
        assert server.request("GET", "/readyz")[0] == 503
        assert server.request("GET", "/livez")[0] == 200
        database.start()
        recovered(server, "k", 5)
        eventually(lambda: server.request("GET", "/readyz")[0] == 200, "it is ready again")


def test_a_database_without_tables_is_refused_until_it_is_migrated(new_postgres_url, tmp_path):
    command = [sys.executable, "-m", "reference_impl", "serve", "--port", "0", "--data", str(tmp_path)]
    ended = subprocess.run(
        [*command, "--log", new_postgres_url], cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE_S
    )
    assert (ended.returncode, "run 'livecomments migrate'" in ended.stderr) == (1, True)
    assert "Traceback" not in ended.stderr
    done = migrate(new_postgres_url)
    assert (done.returncode, done.stdout) == (0, "the tables are at 0006, they were at none\n")
    assert migrate(new_postgres_url).stdout == "the tables are at 0006\n"


def test_a_database_that_is_not_there_is_named(tmp_path):
    done = migrate("postgresql://nobody@127.0.0.1:1/nothing")
    assert done.returncode == 1
    assert "the log did not answer" in done.stderr
    assert "Traceback" not in done.stderr
