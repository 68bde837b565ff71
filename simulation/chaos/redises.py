"""The Redis of a chaos run, or a cluster of three masters with a replica each."""

import asyncio
import shutil
from collections.abc import Sequence
from contextlib import AsyncExitStack
from enum import StrEnum
from pathlib import Path

import redis
from redis.crc import key_slot

from simulation.chaos.member import Member, started
from simulation.engines.ports import free_port
from simulation.engines.processes import ProcessError, stop

NODES = 6
NODE_TIMEOUT_MS = 1_000  # until a cluster takes a master for dead
WHOLE_S = 60.0


class Sync(StrEnum):
    """How a Redis keeps what it has acknowledged."""

    NEVER = "never"  # in memory alone
    EVERY_SECOND = "everysec"
    ALWAYS = "always"

    @property
    def options(self) -> list[str]:
        return [] if self is Sync.NEVER else ["--appendonly", "yes", "--appendfsync", self.value]


async def one_redis(stack: AsyncExitStack, folder: Path, sync: Sync = Sync.NEVER) -> list[Member]:
    return [await started(stack, _member("redis", folder, *sync.options))]


async def redis_cluster(stack: AsyncExitStack, folder: Path) -> list[Member]:
    members = []
    for number in range(NODES):
        own = folder / f"redis-{number}"
        own.mkdir()
        options = ["--cluster-enabled", "yes", "--cluster-node-timeout", f"{NODE_TIMEOUT_MS}"]
        options += ["--cluster-port", f"{free_port()}"]
        members.append(await started(stack, _member(f"redis-{number}", own, *options)))
    hosts = [f"127.0.0.1:{member.port}" for member in members]
    joined = await asyncio.create_subprocess_exec(
        "redis-cli", "--cluster", "create", *hosts, "--cluster-replicas", "1", "--cluster-yes",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    try:
        said, _ = await joined.communicate()
    finally:
        await stop(joined)
    if joined.returncode:
        raise ProcessError(f"the cluster was not made: {said.decode()[-300:]}")
    async with asyncio.timeout(WHOLE_S):
        while not await asyncio.to_thread(lambda: all(map(_is_whole, members))):  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.1)
    return members


def address_of(members: Sequence[Member]) -> str:
    """As a broker's address names them."""
    hosts = ",".join(f"127.0.0.1:{member.port}" for member in members[:3])
    return f"redis+cluster://{hosts}" if len(members) > 1 else f"redis://{hosts}"


def master_of(members: Sequence[Member], channel: str) -> Member:
    """The node that has a channel just now, as one that runs says."""
    slot = key_slot(channel.encode())
    for member in members:
        try:
            ranges = _ask(member, "CLUSTER SLOTS")
        except redis.RedisError:
            continue
        for first, last, master, *_ in ranges:  # type: ignore[attr-defined]
            if first <= slot <= last:
                return next(each for each in members if each.port == master[1])
    raise ProcessError(f"no node of the cluster says who has {channel}")


def _member(name: str, folder: Path, *options: str) -> Member:
    program = shutil.which("redis-server")
    if program is None:
        raise ProcessError("chaos needs a redis-server that it can kill (apt-get install redis-server)")
    port = free_port()
    command = [program, "--port", f"{port}", "--bind", "127.0.0.1", "--dir", str(folder), "--save", "", *options]
    return Member(name, command, port)


def _ask(member: Member, *command: str) -> object:
    with redis.Redis(port=member.port, socket_timeout=5, protocol=2) as client:
        return client.execute_command(*command)


def _is_whole(member: Member) -> bool:
    info, state = _ask(member, "INFO", "replication"), _ask(member, "CLUSTER INFO")
    assert isinstance(info, dict)
    linked = (info["role"] == "master" and info["connected_slaves"] == 1) or info.get("master_link_status") == "up"
    return linked and isinstance(state, dict) and state["cluster_state"] == "ok"
