"""Opaque tokens: 256 random bits behind a prefix that scanners know; only hashes are kept."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert

from auth import opaque, tables
from core.db.work import Work

# Public: a leaked secret is found, and told apart, by how it begins.
ACCESS_PREFIX = "bua_"
REFRESH_PREFIX = "bur_"
CODE_PREFIX = "buc_"
CLIENT_PREFIX = "bus_"

ACCESS_LIFETIME = timedelta(minutes=15)
REFRESH_LIFETIME = timedelta(days=30)
"""How long a program may stay away. Every refresh begins it again."""


@dataclass(frozen=True, slots=True)
class Issued:
    """What the token endpoint answers with. It is kept nowhere else."""

    access_token: str
    expires_at: datetime
    scopes: tuple[str, ...]
    refresh_token: str | None = None

    def body(self) -> dict[str, Any]:
        """RFC 6749 §5.1."""
        body = {
            "access_token": self.access_token,
            "token_type": "Bearer",
            "expires_in": int(ACCESS_LIFETIME.total_seconds()),
            "scope": " ".join(self.scopes),
        }
        return body | ({"refresh_token": self.refresh_token} if self.refresh_token else {})


def new_secret(prefix: str) -> str:
    return prefix + opaque.new_secret()


async def issue_access(
    work: Work, *, client_id: str, grant_id: str | None, scopes: tuple[str, ...], resource: str
) -> Issued:
    """Make an access token. A service's has no grant: it stands on the client itself."""
    token, expires_at = new_secret(ACCESS_PREFIX), work.real_now + ACCESS_LIFETIME
    row = {
        "hash": opaque.hash_of(token),
        "grant_id": grant_id,
        "client_id": client_id,
        "scopes": list(scopes),
        "resource": resource,
        "created_at": work.real_now,
        "expires_at": expires_at,
    }
    await work.execute(insert(tables.access_tokens), row)
    return Issued(token, expires_at, scopes)


async def issue_refresh(work: Work, grant_id: str) -> str:
    """Make a refresh token of this family."""
    token = new_secret(REFRESH_PREFIX)
    row = {
        "hash": opaque.hash_of(token),
        "grant_id": grant_id,
        "created_at": work.real_now,
        "expires_at": work.real_now + REFRESH_LIFETIME,
    }
    await work.execute(insert(tables.refresh_tokens), row)
    return token
