"""Settings for all tests."""

import pytest
from hypothesis import HealthCheck, settings

# A slow machine is no reason to fail a property, so no example has a time limit.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the browser tests last: Playwright's event loop stays in the thread, and no other can run beside it."""
    items.sort(key=lambda item: "browser" in item.path.parts)
