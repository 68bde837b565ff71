# Rejected: "one is *under way*"
import asyncio
from collections import defaultdict


class SingleFlight:
    def __init__(self):
        self.locks = defaultdict(asyncio.Lock)

    async def ask(self, key, question):
        async with self.locks[key]:
            return await question()
