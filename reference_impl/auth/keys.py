"""Where the keys come from that access tokens are checked with: a shared secret, or a published set (RFC 7517).

The algorithms are fixed per source (RFC 8725, section 3.1), so a token cannot choose a weaker one, nor have a public
key taken for a shared secret.
"""

import asyncio
import json
import time
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from typing import Any, Protocol

import jwt
import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import AllowedPublicKeys

SECRET_MIN = 32  # bytes; RFC 7518, section 3.2
FETCH_MAX_S = 5.0
SET_MAX = 1024 * 1024  # bytes
RSA_MIN = 2048  # bits; RFC 7518, section 3.3
FRESH_S = 300.0
AGAIN_S = 30.0  # between two fetches, whatever unknown key ids come in

log = structlog.get_logger(__name__)

KeySet = dict[str | None, tuple[str, AllowedPublicKeys]]  # the algorithm and the key, by key id


class KeysUnavailable(Exception):  # noqa: N818 - named for what the caller meets
    """The key set has never been read."""


class UnknownKey(Exception):  # noqa: N818 - a property of the token
    """The key set has no such key."""


class KeySource(Protocol):
    @property
    def algorithms(self) -> tuple[str, ...]: ...

    async def key(self, key_id: str | None, algorithm: str) -> "AllowedPublicKeys | str":
        """Answer the key with this id, which is one for this algorithm; UnknownKey or KeysUnavailable."""
        ...


class SharedSecret:
    """HS256, for development."""

    algorithms = ("HS256",)

    def __init__(self, secret: str) -> None:
        if len(secret.encode()) < SECRET_MIN:
            raise ValueError(f"the secret must have at least {SECRET_MIN} bytes, got {len(secret.encode())}")
        self._secret = secret

    async def key(self, key_id: str | None, algorithm: str) -> "AllowedPublicKeys | str":
        return self._secret


class JwksKeys:
    """RS256 and EdDSA, from a file or an address; read again when stale, or when a new key id turns up."""

    algorithms = ("RS256", "EdDSA")

    def __init__(self, location: str, clock: Callable[[], float]) -> None:
        self._location = location
        self._clock = clock
        self._keys: KeySet | None = None
        self._stale_at = 0.0
        self._again_at = float("-inf")
        self._fetching: asyncio.Task[None] | None = None

    async def key(self, key_id: str | None, algorithm: str) -> "AllowedPublicKeys | str":
        now = self._clock()
        unknown = self._keys is None or key_id not in self._keys
        if (unknown or now >= self._stale_at) and now >= self._again_at:
            await self._refresh()
        if self._keys is None:
            raise KeysUnavailable("the key set that access tokens are signed with cannot be read")
        if key_id not in self._keys:
            raise UnknownKey(f"the token's key id {str(key_id)[:40]!r} is not in the key set")
        made_for, key = self._keys[key_id]
        if algorithm != made_for:
            raise UnknownKey(f"the token's key is for {made_for}, it is signed with {algorithm[:20]!r}")
        return key

    async def _refresh(self) -> None:
        """One read at a time, for all who wait for it."""
        if self._fetching is None:
            self._fetching = asyncio.get_running_loop().create_task(self._fetch())
        await asyncio.shield(self._fetching)

    async def _fetch(self) -> None:
        try:
            async with asyncio.timeout(FETCH_MAX_S):  # the socket's own time-out begins again with each byte
                body = await asyncio.to_thread(_read, self._location)
            self._keys = _parse(body)
            self._stale_at = self._clock() + FRESH_S
        except (OSError, ValueError, HTTPException, RecursionError) as error:  # the old keys go on
            log.warning("key_set_unreadable", location=self._location, detail=repr(error))
        finally:
            self._again_at = self._clock() + AGAIN_S
            self._fetching = None


def _read(location: str) -> bytes:
    if not location.startswith(("https://", "http://")):
        with Path(location).open("rb") as file:
            return _bounded(file.read)
    ends = time.monotonic() + FETCH_MAX_S
    with urllib.request.urlopen(location, timeout=FETCH_MAX_S) as answer:
        return _bounded(answer.read1, ends)


def _bounded(read: Callable[[int], bytes], ends: float = float("inf")) -> bytes:
    """Read to the end, within the bounds of size and time, so that no thread is left behind with a slow server."""
    body = b""
    while len(body) <= SET_MAX and (part := read(SET_MAX + 1 - len(body))):
        body += part
        if time.monotonic() >= ends:
            raise TimeoutError(f"the key set was not read in {FETCH_MAX_S:g} s")
    if len(body) > SET_MAX:
        raise ValueError(f"the key set has over {SET_MAX} bytes")
    return body


def _parse(body: bytes) -> KeySet:
    """The set's public keys of the two kinds that are taken; ValueError when there is none."""
    document = json.loads(body)
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise ValueError("the key set has no list 'keys'")
    keys = {entry.get("kid"): key for entry in entries if isinstance(entry, dict) and (key := _public_key(entry))}
    if not keys:
        raise ValueError("the key set holds no RSA or Ed25519 key")
    return keys


def _public_key(entry: dict[str, Any]) -> tuple[str, AllowedPublicKeys] | None:
    kind = str(entry.get("kty")), str(entry.get("crv", ""))
    algorithm = {("RSA", ""): "RS256", ("OKP", "Ed25519"): "EdDSA"}.get(kind)
    if algorithm is None or "d" in entry:  # no shared secrets, and no private keys by mistake
        return None
    if entry.get("use", "sig") != "sig" or entry.get("alg", algorithm) != algorithm:  # published for something else
        return None
    try:
        key = jwt.PyJWK(entry, algorithm).key
        if isinstance(key, RSAPublicKey) and key.key_size < RSA_MIN:
            raise ValueError(f"an RSA key must have at least {RSA_MIN} bits, got {key.key_size}")
        if not isinstance(entry.get("kid"), str | None):
            raise ValueError(f"kid must be a text, got {str(entry['kid'])[:40]!r}")
        return algorithm, key
    except (jwt.PyJWTError, ValueError, TypeError) as error:  # one bad key does not spoil the set
        log.warning("key_unreadable", key_id=entry.get("kid"), detail=str(error))
        return None
