class Window:
    def __init__(self, window_s):
        self.window_s = window_s
        self.waiting = ()
        self.rest_until = float("-inf")
        self.writing = False

    @property
    def deadline(self):
        return self.rest_until if self.waiting and not self.writing else None

    def _go(self, now):
        if self.writing or not self.waiting or now < self.rest_until:
            return []
        batch, self.waiting, self.writing = self.waiting, (), True
        return list(batch)

    def offer(self, item, now):
        self.waiting += (item,)
        return self._go(now)

    def flush(self, now):
        return self._go(now)

    def sent(self, now):
        self.writing = False
        self.rest_until = now + self.window_s
