# Rejected: "when a reading fails, those who wait for it must be told"
import asyncio


class SingleFlight:
    def __init__(self):
        self.events, self.answers = {}, {}

    async def ask(self, key, question):
        if key in self.events:
            await self.events[key].wait()
            return self.answers[key]
        self.events[key] = asyncio.Event()
        self.answers[key] = await question()
        self.events.pop(key).set()
        return self.answers[key]
