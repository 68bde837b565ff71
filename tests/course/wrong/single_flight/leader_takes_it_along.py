# Rejected: "somebody waits for ever: the one who asked first went away"
import asyncio


class SingleFlight:
    def __init__(self):
        self.waiting = {}

    async def ask(self, key, question):
        if key in self.waiting:
            return await self.waiting[key]
        future = self.waiting[key] = asyncio.get_running_loop().create_future()
        try:
            future.set_result(await question())
        except OSError as error:
            future.set_exception(error)
        del self.waiting[key]
        return await future
