class Queue:
    def __init__(self, bound_bytes):
        self.bound_bytes = bound_bytes
        self.items = []  # (frame or None, first, last, size); None is a gap

    @property
    def queued_bytes(self):
        return sum(i[3] for i in self.items)

    def _tidy(self):
        out = []
        for i in self.items:
            if i[0] is None and out and out[-1][0] is None:
                out[-1] = (None, out[-1][1], i[2], 0)
            else:
                out.append(i)
        self.items = out

    def offer(self, frame, first, last, size_bytes):
        if size_bytes > self.bound_bytes:
            self.items.append((None, first, last, 0))
        else:
            k = 0
            while self.queued_bytes + size_bytes > self.bound_bytes:
                _f, a, b, _ = self.items[k]
                self.items[k] = (None, a, b, 0)
                k += 1
            self.items.append(((frame,), first, last, size_bytes))
        self._tidy()

    def take(self):
        gap = frame = None
        if self.items and self.items[0][0] is None:
            gap = self.items.pop(0)[1:3]
        if self.items:
            frame = self.items.pop(0)[0][0]
        return gap, frame
