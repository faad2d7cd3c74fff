"""Opaque secrets: 256 random bits that mean nothing, and the hash that stands for them at rest.

A fast hash is enough for what is already unguessable; passwords, which people choose, go through
`auth.passwords` instead.
"""

import hashlib
import secrets


def new_secret() -> str:
    """Make 256 random bits, written so that they fit in a cookie, a header and a path."""
    return secrets.token_urlsafe(32)


def hash_of(secret: str) -> bytes:
    """Return the SHA-256 that is stored in the secret's place."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()
