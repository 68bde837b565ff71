"""Tokens: what is believed, and every well-known way of forging one."""

import asyncio
import base64
import hashlib
import hmac
import json
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from reference_impl.auth import tokens as module
from reference_impl.auth.development import sign_token
from reference_impl.auth.identity import Identity
from reference_impl.auth.keys import JwksKeys, SharedSecret
from reference_impl.auth.tokens import InvalidToken, TokenConfig, TokenVerifier

SECRET = "s" * 32
NOW = 1_000_000.0
CAPS = [{"streams": ["*"], "allow": ["post"]}]
CLAIMS = {"sub": "ann", "aud": "livecomments", "iat": NOW, "exp": NOW + 600, "caps": CAPS}
RSA = generate_private_key(65537, 2048)


class OneKey:
    """RS256 with a key of the test's."""

    algorithms = ("RS256", "EdDSA")

    async def key(self, key_id: str | None, algorithm: str) -> object:
        return RSA.public_key()


def verify(token: str, now: float = NOW, keys: object = None, **config: object) -> Identity:
    verifier = TokenVerifier(keys or SharedSecret(SECRET), TokenConfig(**config), lambda: now)
    return asyncio.run(verifier.verify(token))


def signed(
    key: object = SECRET, algorithm: str = "HS256", headers: dict[str, str] | None = None, **claims: object
) -> str:
    return jwt.encode({**CLAIMS, **claims}, key, algorithm, headers=headers)


def test_a_good_token_names_its_user() -> None:
    ann = verify(sign_token(SECRET, "ann", "Ann", CAPS, 600, NOW, "livecomments"))
    assert (ann.user, ann.name, ann.expires_at) == ("ann", "Ann", NOW + 600)


def test_a_token_is_good_until_its_end_and_the_leeway_after_it() -> None:
    token = signed()
    assert verify(token, NOW + 629.9)
    with pytest.raises(InvalidToken, match="expired"):
        verify(token, NOW + 630)


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"aud": "other"}, "[Aa]udience"),
        ({"iat": NOW + 31, "exp": NOW + 90}, "future"),
        ({"exp": NOW + 3601}, "lives 3601 s, at most 3600 s"),
        ({"exp": "soon"}, "not valid"),
        ({"exp": float("nan")}, "exp must be a number"),
        ({"exp": 10**400}, "exp must be a number"),
        ({"iat": float("nan")}, "iat must be a number"),
        ({"nbf": NOW + 31}, "not valid yet"),
        ({"iat": True}, "not valid"),
        ({"caps": "all"}, "caps must be a list"),
        ({"sub": None}, "not valid"),
    ],
)
def test_claims_that_are_not_right_are_refused(claims: dict[str, object], words: str) -> None:
    with pytest.raises(InvalidToken, match=words):
        verify(signed(**claims))


def test_a_beginning_is_judged_by_the_clock_handed_in_with_the_leeway() -> None:
    ahead = NOW + 10**10  # of every real clock
    assert verify(signed(iat=ahead, nbf=ahead + 29, exp=ahead + 60), now=ahead)


@pytest.mark.parametrize("missing", ["sub", "aud", "iat", "exp"])
def test_a_claim_that_must_be_there_is_missed(missing: str) -> None:
    claims = {name: value for name, value in CLAIMS.items() if name != missing}
    with pytest.raises(InvalidToken, match=missing):
        verify(jwt.encode(claims, SECRET, "HS256"))


def test_a_token_without_signature_is_refused() -> None:
    with pytest.raises(InvalidToken, match="signed with 'none'"):
        verify(jwt.encode(CLAIMS, None, "none"))


def test_a_public_key_is_not_taken_for_a_shared_secret() -> None:
    pem = RSA.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    head, body = (_part(each) for each in ({"alg": "HS256", "typ": "JWT"}, CLAIMS))
    signature = (
        base64.urlsafe_b64encode(hmac.digest(pem, f"{head}.{body}".encode(), hashlib.sha256)).rstrip(b"=").decode()
    )
    with pytest.raises(InvalidToken, match="allowed are RS256 and EdDSA"):
        verify(f"{head}.{body}.{signature}", keys=OneKey())


def _part(value: dict[str, object]) -> str:
    return _text(json.dumps(value).encode())


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def test_tokens_are_checked_with_published_keys_each_for_its_own_algorithm(tmp_path: Path) -> None:
    edwards = Ed25519PrivateKey.generate()
    rsa_entry = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(RSA.public_key())) | {"kid": "rsa"}
    edwards_entry = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(edwards.public_key())) | {"kid": "edwards"}
    (tmp_path / "keys.json").write_text(json.dumps({"keys": [rsa_entry, edwards_entry]}))
    keys = JwksKeys(str(tmp_path / "keys.json"), lambda: 0.0)
    assert verify(signed(RSA, "RS256", headers={"kid": "rsa"}), keys=keys).user == "ann"
    assert verify(signed(edwards, "EdDSA", headers={"kid": "edwards"}), keys=keys).user == "ann"
    for key, algorithm, other in ((RSA, "RS256", "edwards"), (edwards, "EdDSA", "rsa")):
        with pytest.raises(InvalidToken, match="the token's key is for"):
            verify(signed(key, algorithm, headers={"kid": other}), keys=keys)


def test_a_changed_payload_or_another_secret_is_noticed() -> None:
    head, _, signature = signed().split(".")
    for forged in (f"{head}.{_part({**CLAIMS, 'sub': 'admin'})}.{signature}", signed("t" * 32)):
        with pytest.raises(InvalidToken, match="not valid"):
            verify(forged)


def test_only_tokens_of_the_right_type_and_size_are_read() -> None:
    assert verify(signed(headers={"typ": "at+jwt"}))
    assert verify(signed(headers={"typ": "application/at+jwt"}))
    with pytest.raises(InvalidToken, match="type is 'logout"):
        verify(signed(headers={"typ": "logout+jwt"}))
    with pytest.raises(InvalidToken, match="at most 8192"):
        verify(signed(name="x" * 9000))


def test_the_issuer_is_looked_at_when_one_is_expected() -> None:
    assert verify(signed(iss="me"), issuer="me")
    with pytest.raises(InvalidToken, match="issuer"):
        verify(signed(iss="you"), issuer="me")


def test_a_verified_token_is_remembered_and_ends_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    now, decoded = [NOW], []
    real = jwt.decode
    monkeypatch.setattr(module.jwt, "decode", lambda *given, **options: decoded.append(1) or real(*given, **options))
    verifier = TokenVerifier(SharedSecret(SECRET), TokenConfig(cache_max=1), lambda: now[0])
    token, other = signed(), signed(sub="bo")
    for each in (token, token, other, token):
        asyncio.run(verifier.verify(each))
    assert len(decoded) == 3, "the second look was free, the fourth was not: one token is remembered"
    now[0] = NOW + 700
    with pytest.raises(InvalidToken, match="expired"):
        asyncio.run(verifier.verify(token))


@pytest.mark.parametrize("wrong", [{"leeway_s": 61}, {"lifetime_max_s": 0}, {"cache_max": 0}])
def test_impossible_settings_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"must be|positive"):
        TokenConfig(**wrong)
