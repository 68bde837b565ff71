"""RateLimit fields of an answer (draft-ietf-httpapi-ratelimit-headers-11)."""

import math


def rate_fields(burst: int, period_s: float, remaining: int) -> dict[str, str]:
    """Say what the policy is, what is left of it, and in how many seconds all of it is back."""
    back_s = math.ceil((burst - remaining) * period_s / burst)
    return {
        "RateLimit-Policy": f'"user";q={burst};w={math.ceil(period_s)}',
        "RateLimit": f'"user";r={remaining};t={back_s}',
    }
