"""Development's secret: made once, whoever comes first, and readable by its owner only."""

import stat
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from reference_impl.auth.development import load_or_make_secret


def test_the_secret_is_made_once_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "new" / "secret"
    secret = load_or_make_secret(path)
    assert len(secret.encode()) >= 32
    assert load_or_make_secret(path) == secret
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_processes_that_start_at_once_agree_on_it(tmp_path: Path) -> None:
    with ProcessPoolExecutor(4) as pool:
        found = set(pool.map(load_or_make_secret, [tmp_path / "secret"] * 16))
    assert len(found) == 1
    assert [each.name for each in tmp_path.iterdir()] == ["secret"]
