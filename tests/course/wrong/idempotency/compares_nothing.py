# Rejected: "Whoever compares nothing"
class Keys:
    def __init__(self, lifetime_s):
        self.lifetime_s, self.known = lifetime_s, {}

    def begin(self, user, key, body, now):
        self.known = self.alive(now)
        scope = (user, key)
        if scope not in self.known:
            self.known[scope] = [now, body, None]
            return "store", None
        _, _, answer = self.known[scope]
        return ("replay", answer) if answer else ("in-flight", None)

    def alive(self, now):
        return self.known

    def stored(self, user, key, answer, now):
        self.known[user, key] = [now, self.known[user, key][1], answer]

    def failed(self, user, key, now):
        del self.known[user, key]
