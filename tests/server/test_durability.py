"""The order of system calls: a 201 is written only after the log's fsync returned. A crash alone cannot prove it."""

import re
import shutil
import signal

import pytest

POSTS = 12


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace: apt install strace")
def test_the_log_is_synced_between_the_request_and_its_201(start_server, tmp_path):
    trace = tmp_path / "trace.txt"
    calls = "trace=fsync,fdatasync,recvfrom,recvmsg,read,readv,sendto,sendmsg,write,writev"
    strace = ("strace", "-f", "-y", "-s", "64", "-o", str(trace), "-e", calls)
    server = start_server(before=strace)
    for number in range(POSTS):
        assert server.post(f"comment {number}")[0] == 201
    assert server.stop(signal.SIGTERM) in (0, -signal.SIGTERM)
    events = [event for line in trace.read_text().splitlines() if (event := _event(line))]
    posts = [index for index, event in enumerate(events) if event == "post"]
    assert len(posts) == POSTS
    for start, end in zip(posts, [*posts[1:], len(events)], strict=True):
        order = events[start:end]
        assert "synced" in order, order
        assert order.index("synced") < order.index("answered"), order


def _event(line: str) -> str | None:
    """What a line of the trace means; a call that another thread interrupted counts where it is resumed and done."""
    if "<unfinished ...>" in line and ("fsync(" in line or "fdatasync(" in line):
        return None
    if re.search(r"(fdatasync|fsync)(\(.*sqlite-wal|.* resumed)", line) and line.rstrip().endswith("= 0"):
        return "synced"
    if "POST /v1/streams" in line:
        return "post"
    if "HTTP/1.1 201" in line:
        return "answered"
    return None
