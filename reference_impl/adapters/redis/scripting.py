"""Scripts that Redis runs, each at once or not at all."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha1
from importlib.resources.abc import Traversable
from typing import Any

from redis.asyncio import Redis, RedisCluster
from redis.exceptions import NoScriptError, RedisError

from reference_impl.ports import LogUnavailable


class Scripts:
    """The scripts of a folder by name, run by digest; a server that does not know one is sent its text."""

    def __init__(
        self, client: "Redis | RedisCluster", folder: Traversable, names: Sequence[str], common: str = ""
    ) -> None:
        self._client = client
        self._texts = {name: common + (folder / f"{name}.lua").read_text() for name in names}
        self._digests = {
            name: sha1(text.encode(), usedforsecurity=False).hexdigest() for name, text in self._texts.items()
        }

    def text(self, name: str) -> str:
        return self._texts[name]

    async def run(self, name: str, keys: Sequence[str], values: Sequence[Any]) -> Any:
        try:
            return await self._client.evalsha(self._digests[name], len(keys), *keys, *values)
        except NoScriptError:
            return await self._client.eval(self._texts[name], len(keys), *keys, *values)

    async def run_and_wait(
        self, name: str, keys: Sequence[str], values: Sequence[Any], replicas: int, wait_ms: int
    ) -> tuple[Any, int]:
        """Run, then wait on the same connection until replicas have it; answers how many have."""
        async with self._client.pipeline(transaction=False) as pipeline:
            pipeline.eval(self._texts[name], len(keys), *keys, *values)
            pipeline.execute_command("WAIT", replicas, wait_ms)
            answer, heard = await pipeline.execute()
        return answer, int(heard)


# What comes out of the client when a connection is closed while it is written to (redis-py, issue 4287); the last one
# is uvloop's, of a transport that is closed.
_TORN = (AttributeError, TypeError, RuntimeError)


@contextmanager
def answering() -> Iterator[None]:
    """LogUnavailable for whatever says that Redis is not there."""
    try:
        yield
    except (RedisError, OSError, TimeoutError, *_TORN) as error:
        raise LogUnavailable(f"Redis did not answer: {str(error) or type(error).__name__}") from error
