# Rejected: "One lock for all questions"
import asyncio


class SingleFlight:
    def __init__(self):
        self.lock = asyncio.Lock()
        self.waiting = {}

    async def ask(self, key, question):
        if key in self.waiting:
            return await asyncio.shield(self.waiting[key])
        future = self.waiting[key] = asyncio.get_running_loop().create_future()
        async with self.lock:
            try:
                future.set_result(await question())
            except OSError as error:
                future.set_exception(error)
            finally:
                del self.waiting[key]
        return await future
