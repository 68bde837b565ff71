# Rejected: "the failure is everybody's who waited"
import asyncio


class SingleFlight:
    def __init__(self):
        self.flights = {}

    async def ask(self, key, question):
        flight = self.flights.get(key)
        if flight is not None:
            try:
                return await asyncio.shield(flight)
            except OSError:
                return await question()
        self.flights[key] = asyncio.ensure_future(question())
        try:
            return await self.flights[key]
        finally:
            del self.flights[key]
