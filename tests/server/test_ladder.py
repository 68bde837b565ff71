"""What the ladder's options do to a real server: one whose loop may never be late climbs, unless it has no ladder."""

from contextlib import closing

import pytest

from tests.server.conftest import ServerProcess, eventually

pytestmark = pytest.mark.slow


class Serving(ServerProcess):
    def rung(self):
        return self.request("GET", "/health")[1]["rung"]

    def close(self):
        self.end()


def test_a_server_whose_loop_may_never_be_late_climbs_unless_it_has_no_ladder(tmp_path):
    never_late = ("--lag-max-ms", "0.0001")  # any timer is later than that
    with (
        closing(Serving(tmp_path / "none", *never_late, "--no-ladder")) as standing,
        closing(Serving(tmp_path / "ladder", *never_late)) as climbing,
    ):
        eventually(lambda: climbing.rung() != "full", "hints are left out")
        assert standing.rung() == "full"
