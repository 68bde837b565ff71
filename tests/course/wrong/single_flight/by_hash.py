# Rejected: "may have the same `hash`"
import asyncio


class SingleFlight:
    def __init__(self):
        self.flights = {}

    async def ask(self, key, question):
        task = self.flights.get(hash(key))
        if task is None:
            task = asyncio.ensure_future(question())
            self.flights[hash(key)] = task
            task.add_done_callback(lambda _: self.flights.pop(hash(key), None))
        await asyncio.wait([task])
        return task.result()
