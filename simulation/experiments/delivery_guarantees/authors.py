"""The authors of a live run: the project's client, which tries again or not, with its key or without."""

import asyncio
import time
from dataclasses import dataclass, field

from reference_impl.client import Client, ClientError
from reference_impl.policy.retry import Retry, RetryConfig
from simulation.experiments.delivery_guarantees.plan import POSTS, Case

ONCE = RetryConfig(attempts_max=0)


@dataclass(slots=True)
class Authors:
    """Open loop: a comment is sent when it is meant to, whatever became of others. All is by a comment's number."""

    url: str
    token: str
    stream: str
    case: Case
    meant_s: dict[int, float] = field(default_factory=dict)
    told_s: dict[int, float] = field(default_factory=dict)  # of its answer
    seqs: dict[int, int] = field(default_factory=dict)

    async def run(self, began_s: float) -> None:
        """Send all comments, and wait for the last answer or its author's giving up."""
        async with Client(self.url, token=self.token, retry=ONCE) as client, asyncio.TaskGroup() as tasks:
            for number, at_s in enumerate(self.case.posts_s()):
                await asyncio.sleep(max(0.0, began_s + at_s - time.monotonic()))
                self.meant_s[number] = began_s + at_s
                tasks.create_task(self._post(client, number))

    async def _post(self, client: Client, number: int) -> None:
        retry = Retry(POSTS if self.case.variant.retries else ONCE, self.case.stream(f"author {number}"))
        key = f"{self.case.repeat} {number}"
        while True:
            try:
                own = key if self.case.variant.keyed else None  # None: another key with each try
                answer = await client.post(self.stream, f"comment {number}", key=own)
            except ClientError:
                again_s = retry.failed(0.0)
                if again_s is None:
                    return
                await asyncio.sleep(again_s)
                continue
            self.seqs[number], self.told_s[number] = int(answer["seq"]), time.monotonic()
            return
