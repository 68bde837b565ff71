"""What a token's claims mean."""

import pytest

from reference_impl.auth.identity import GRANTS_MAX, Capability, Identity

CLAIMS = {"sub": "ann", "exp": 100, "caps": [{"streams": ["demo"], "allow": ["read", "moderate"], "roles": ["vip"]}]}


def test_a_capability_includes_the_lesser_ones_on_the_streams_it_names() -> None:
    ann = Identity.from_claims(CLAIMS)
    assert [ann.may(each, "demo") for each in Capability] == [True, True, True, False]
    assert not ann.may(Capability.READ, "other")
    assert (ann.roles("demo"), ann.roles("other")) == ({"vip"}, set())


def test_a_star_means_every_stream_and_grants_add_up() -> None:
    caps = [{"streams": ["*"], "allow": ["read"]}, {"streams": ["a", "b"], "allow": ["admin"], "roles": ["member"]}]
    ann = Identity.from_claims(CLAIMS | {"caps": caps})
    assert ann.may(Capability.READ, "anything")
    assert ann.may(Capability.ADMIN, "b")
    assert not ann.may(Capability.POST, "anything")


def test_an_identity_ends_exactly_when_it_says() -> None:
    ann = Identity.from_claims(CLAIMS)
    assert not ann.expired(99.999)
    assert ann.expired(100)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"sub": ""}, "1 to 64"),
        ({"sub": "x" * 65}, "1 to 64"),
        ({"sub": 7}, "1 to 64"),
        ({"sub": "a\nb"}, "printable"),
        ({"name": "x" * 41}, "1 to 40"),
        ({"exp": None}, "exp must be a number"),
        ({"caps": None}, "list of at most"),
        ({"caps": [{"streams": ["s"], "allow": ["read"]}] * (GRANTS_MAX + 1)}, "at most 32"),
        ({"caps": ["read"]}, "a grant is an object"),
        ({"caps": [{"streams": ["s"], "allow": ["fly"]}]}, "got 'fly'"),
        ({"caps": [{"streams": [], "allow": ["read"]}]}, "at least one stream"),
        ({"caps": [{"streams": ["s"]}]}, "one capability"),
        ({"caps": [{"streams": "demo", "allow": ["read"]}]}, "streams is a list"),
        ({"caps": [{"streams": ["s"] * 65, "allow": ["read"]}]}, "at most 64"),
    ],
)
def test_claims_that_cannot_be_are_refused_by_name(wrong: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Identity.from_claims(CLAIMS | wrong)
