# Rejected: "Single flight is no cache"
import asyncio


class SingleFlight:
    def __init__(self):
        self.flights = {}

    async def ask(self, key, question):
        if key not in self.flights:
            self.flights[key] = asyncio.ensure_future(question())
        return await asyncio.shield(self.flights[key])
