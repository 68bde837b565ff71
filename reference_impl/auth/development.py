"""Signs tokens for development, with a secret kept beside the data so that they outlive a restart."""

import os
import secrets
from pathlib import Path
from typing import Any

import jwt

SECRET_BYTES = 32


def sign_token(
    secret: str, user: str, name: str | None, caps: list[dict[str, Any]], lifetime_s: float, now: float, audience: str
) -> str:
    """Sign an access token; ``now`` is Unix seconds."""
    claims = {"sub": user, "aud": audience, "iat": int(now), "exp": int(now + lifetime_s), "caps": caps}
    return jwt.encode(claims if name is None else claims | {"name": name}, secret, "HS256")


def load_or_make_secret(path: Path) -> str:
    """Read the secret; the first who asks makes it, readable by its owner only.

    It is written whole under another name and then linked into place, so that of two processes that start at once
    neither reads half of it, and both end up with the same.
    """
    try:
        return path.read_text()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    mine = path.with_name(f".{path.name}-{os.getpid()}-{secrets.token_hex(4)}")
    with os.fdopen(os.open(mine, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(SECRET_BYTES))
    try:
        os.link(mine, path)
    except FileExistsError:
        pass  # another process was first
    finally:
        mine.unlink()
    return path.read_text()
