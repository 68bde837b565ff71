"""Every command of the README runs: the second, the fourth, and so on."""

import pytest

from tests.readme import HERE, run


@pytest.mark.slow
@pytest.mark.parametrize("command", HERE[1::2])
def test_a_readme_command_runs(command, tmp_path):
    run(command, tmp_path)
