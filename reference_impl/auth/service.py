"""An edge's own token: from a file that is written anew before it expires, or in development signed here."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

LIFETIME_S = 3600.0
LOOK_S = 5.0  # between two looks at the file


class ServiceToken:
    """Remembers a token for a while; ``make`` gives the next one, and OSError or ValueError leaves the last one."""

    def __init__(self, make: Callable[[], str], fresh_s: float, clock: Callable[[], float]) -> None:
        self._make = make
        self._fresh_s = fresh_s
        self._clock = clock
        self._token = make()
        self._until_s = clock() + fresh_s

    def __call__(self) -> str:
        if self._clock() >= self._until_s:
            with suppress(OSError, ValueError):  # the API says so when the last one is no good any more
                self._token = self._make()
            self._until_s = self._clock() + self._fresh_s
        return self._token


def read_token(path: Path) -> str:
    """The token in a file; ValueError if there is none."""
    token = path.read_text().strip()
    if not token or len(token.split()) != 1:
        raise ValueError(f"{path} must hold one token and nothing else")
    return token
