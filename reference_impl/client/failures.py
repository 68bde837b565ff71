"""What can go wrong for a client, by what it can do about it."""

from collections.abc import Mapping
from typing import Any

PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses of refusals that may be gone when it is tried again."""


RETRY_MAX_S = 24 * 3600.0  # whoever says more does not mean it


class ClientError(Exception):
    """Everything that the client raises."""

    retry_after_s = 0.0  # the server wants to be left alone for so long


class Lost(ClientError):  # noqa: N818 - named for what has happened
    """The server was not reached or the connection broke, and the budget of tries is spent.

    ``reached`` is False when there was not even a connection.
    """

    def __init__(self, reason: str, *, reached: bool = True) -> None:
        super().__init__(reason)
        self.reached = reached


class Refused(ClientError):  # noqa: N818 - the same
    """The server said no; ``problem`` is its problem document (RFC 9457), empty if something in between said it."""

    def __init__(self, status: int, problem: Mapping[str, Any], retry_after: str | None = None) -> None:
        title = problem.get("title", "no problem document came with it")
        detail = problem.get("detail")
        super().__init__(f"{status}: {title}" + (f" ({detail})" if detail else ""))
        self.status = status
        self.problem = problem
        self.retry_after_s = _seconds(problem.get("retry_after_s", retry_after))

    @property
    def kind(self) -> str:
        """The last part of the problem's type, as `not-found`."""
        return str(self.problem.get("type", "")).rpartition("/")[2]

    @property
    def passing(self) -> bool:
        """Whether a later try may fare better."""
        return self.status in PASSING


class Ended(ClientError):  # noqa: N818 - the same
    """The server has ended the connection for good: `token_expired` or `forbidden`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def _seconds(value: object) -> float:
    """Retry-After in seconds; its other form, a date, says nothing to a machine whose clock is wrong."""
    try:
        seconds = float(str(value))
    except ValueError:
        return 0.0
    return seconds if 0 < seconds < RETRY_MAX_S else 0.0
