"""The position that a viewer comes back with: the last one that it has written down."""


class SavedCursor:
    """Written down every ``every_s`` from ``first_s`` on; 0: with every comment, so that it is never behind.

    A client that keeps its position on a disk or in a database writes it down now and then, and begins again there.
    """

    __slots__ = ("_due_s", "_every_s", "_position", "_saved")

    def __init__(self, position: int, every_s: float, first_s: float) -> None:
        self._position = self._saved = position
        self._every_s = every_s
        self._due_s = first_s

    def moved(self, position: int, now: float) -> None:
        """The viewer has everything up to here."""
        self._look(now)
        self._position = max(self._position, position)

    def resume(self, now: float) -> int:
        """Where to begin again."""
        self._look(now)
        return self._saved if self._every_s else self._position

    def _look(self, now: float) -> None:
        """Catch up on the savings that have been due; what came at the very moment of one was too late for it."""
        if self._every_s and now >= self._due_s:
            self._saved = self._position
            self._due_s += (1 + (now - self._due_s) // self._every_s) * self._every_s
