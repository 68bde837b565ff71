# Rejected: "must not belong to the one who began it"
import asyncio


class SingleFlight:
    def __init__(self):
        self.flights = {}

    async def ask(self, key, question):
        if key not in self.flights:
            self.flights[key] = asyncio.ensure_future(question())
            self.flights[key].add_done_callback(lambda _: self.flights.pop(key))
        return await self.flights[key]
