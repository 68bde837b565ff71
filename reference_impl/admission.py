"""Who may post now: the users' rate, the moderators' higher one, and the stream's slow mode."""

from dataclasses import dataclass

from reference_impl.policy.rate import RateConfig, RateLimiter
from reference_impl.policy.slow_mode import SlowMode, SlowModeConfig
from reference_impl.protocol import problem
from reference_impl.protocol.problem import Problem
from reference_impl.protocol.rate_fields import rate_fields
from reference_impl.protocol.streams import Stream


@dataclass(frozen=True, slots=True)
class Ticket:
    """An admission that can be taken back when the post comes to nothing."""

    limiter: RateLimiter
    user: str
    slow_key: str | None
    remaining: int

    @property
    def fields(self) -> dict[str, str]:
        """What the author is told of the rate."""
        config = self.limiter.config
        return rate_fields(config.burst, config.period_s, self.remaining)


class Admissions:
    def __init__(self, users: RateConfig, moderators: RateConfig) -> None:
        self._users = RateLimiter(users)
        self._moderators = RateLimiter(moderators)
        self._slow_mode = SlowMode(SlowModeConfig())

    def admit(self, user: str, stream: Stream, now: float, *, moderator: bool, slow: bool = True) -> Ticket:
        """Take a token, and in slow mode the user's turn; a Problem says when to come back.

        Moderators are not slowed, nor is what is ``slow=False``: an edit adds no comment.
        """
        limiter = self._moderators if moderator else self._users
        admission = limiter.admit(user, now)
        if not admission.admitted:
            config = limiter.config
            detail = f"a user may post {config.burst} comments in {config.period_s:g} s"
            fields = rate_fields(config.burst, config.period_s, 0)
            raise Problem(problem.RATE_LIMITED, detail, admission.retry_at - now, fields)
        interval_s = stream.settings.slow_mode_s
        if moderator or not slow or not interval_s:
            return Ticket(limiter, user, None, admission.remaining)
        return self._slow(Ticket(limiter, user, f"{stream.name}\0{user}", admission.remaining), interval_s, now)

    def refund(self, ticket: Ticket) -> None:
        """Nothing was stored: the token and the turn are the user's again."""
        ticket.limiter.refund(ticket.user)
        self.forgive_slow_mode(ticket)

    def forgive_slow_mode(self, ticket: Ticket) -> None:
        if ticket.slow_key is not None:
            self._slow_mode.forget(ticket.slow_key)

    def _slow(self, ticket: Ticket, interval_s: int, now: float) -> Ticket:
        turn = self._slow_mode.admit(ticket.slow_key or "", interval_s, now)
        if not turn.admitted:
            ticket.limiter.refund(ticket.user)
            detail = f"one comment every {interval_s} s"
            raise Problem(problem.SLOW_MODE, detail, turn.retry_at - now)
        return ticket
