import asyncio


class SingleFlight:
    def __init__(self):
        self.flights = {}

    async def ask(self, key, question):
        task = self.flights.get(key)
        if task is None:
            task = asyncio.ensure_future(question())
            self.flights[key] = task
            task.add_done_callback(lambda _: self.flights.pop(key, None))
        await asyncio.wait([task])
        return task.result()
