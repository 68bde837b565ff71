# Rejected: "everybody misses"
class SingleFlight:
    def __init__(self):
        self.answers = {}

    async def ask(self, key, question):
        if key not in self.answers:
            self.answers[key] = await question()
        return self.answers[key]
