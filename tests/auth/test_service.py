"""An edge's own token."""

import pytest

from reference_impl.auth.service import ServiceToken, read_token


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_a_token_is_made_anew_when_it_is_no_longer_fresh():
    clock, made = Clock(), iter("abc")
    token = ServiceToken(lambda: next(made), 10.0, clock)
    told = [token()]
    for clock.now in (9.9, 10.0, 19.9, 20.0):
        told.append(token())
    assert told == ["a", "a", "b", "b", "c"]


def test_the_last_token_is_kept_while_there_is_no_other(tmp_path):
    clock, file = Clock(), tmp_path / "token"
    file.write_text("one\n")
    token = ServiceToken(lambda: read_token(file), 10.0, clock)
    file.unlink()
    clock.now = 10.0
    assert token() == "one"
    file.write_text("two")
    clock.now = 20.0
    assert token() == "two"


@pytest.mark.parametrize("text", ["", " \n", "one two", "one\ntwo"])
def test_a_file_must_hold_one_token(tmp_path, text):
    (tmp_path / "token").write_text(text)
    with pytest.raises(ValueError, match="one token and nothing else"):
        read_token(tmp_path / "token")
