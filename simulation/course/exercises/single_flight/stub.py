"""Exercise 04 single_flight: one reader reads, and all get the answer.

A goal; ten thousand open the page of newest comments at once, and the cache has just lost it. Each of them misses, and
each would read the log for the same rows: the fan-out that you have avoided for writes is back, as a fan-in of reads.

`await flights.ask(key, question)` answers what `await question()` says. `question` is an `async` function that reads
something; equal keys are equal questions. While one is under way, whoever asks the same is answered with it.

The checks, in simulated time:

1. a thousand who ask while one reading is under way make no other, and all get its answer;
2. who asks when it is over has it read anew: nothing is kept, so nothing grows old;
3. when reading fails, everybody who waited is told so (nobody reads by himself), and the next one reads anew;
4. other questions are not waited for;
5. the one who asked first may go away (its task is cancelled, as when a tab is closed): the others get their answer.
"""

from collections.abc import Awaitable, Callable, Hashable
from typing import Any


class SingleFlight:
    async def ask(self, key: Hashable, question: Callable[[], Awaitable[Any]]) -> Any:
        raise NotImplementedError
