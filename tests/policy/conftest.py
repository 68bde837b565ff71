"""Hypothesis settings: no example is timed, because machines differ; everything else stays as the run asks."""

from hypothesis import HealthCheck, settings

settings.register_profile("untimed", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")
