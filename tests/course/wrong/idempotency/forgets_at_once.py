# Rejected: "everybody reads her comment twice"
class Keys:
    def __init__(self, lifetime_s):
        self.lifetime_s, self.known = lifetime_s, {}

    def begin(self, user, key, body, now):
        self.known = self.alive(now)
        scope = (user, key)
        if scope not in self.known:
            self.known[scope] = [now, body, None]
            return "store", None
        _, first, answer = self.known[scope]
        if first != body:
            return "reused", None
        return ("replay", answer) if answer else ("in-flight", None)

    def alive(self, now):
        return self.known

    def stored(self, user, key, answer, now):
        del self.known[user, key]

    def failed(self, user, key, now):
        del self.known[user, key]
