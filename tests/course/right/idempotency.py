class Keys:
    """Two generations."""

    def __init__(self, lifetime_s):
        self.lifetime_s = lifetime_s
        self.young, self.old = {}, {}
        self.way = {}
        self.turned = None

    def _turn(self, now):
        if self.turned is None:
            self.turned = now
        while now - self.turned > self.lifetime_s:
            if now - self.turned > 2 * self.lifetime_s:
                self.young, self.old, self.turned = {}, {}, now
                return
            self.turned += self.lifetime_s
            self.old, self.young = self.young, {}

    def begin(self, user, key, body, now):
        self._turn(now)
        k = (user, key)
        for gen in (self.young, self.old):
            if k in gen:
                b, answer = gen[k]
                return ("replay", answer) if b == body else ("reused", None)
        if k in self.way:
            return ("in-flight", None) if self.way[k] == body else ("reused", None)
        self.way[k] = body
        return ("store", None)

    def stored(self, user, key, answer, now):
        self._turn(now)
        self.young[user, key] = (self.way.pop((user, key)), answer)

    def failed(self, user, key, now):
        self.way.pop((user, key), None)
