# Rejected: "told of the old failure"
import asyncio


class SingleFlight:
    def __init__(self):
        self.flights = {}

    async def ask(self, key, question):
        if key not in self.flights:
            self.flights[key] = asyncio.ensure_future(question())
        answer = await asyncio.shield(self.flights[key])
        self.flights.pop(key, None)
        return answer
