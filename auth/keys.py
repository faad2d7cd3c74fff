"""API keys: how a backend proves what it may do.

A key is `bsk_…` (of a project) or `bop_…` (of the platform): 238 random bits and a checksum, so a
mistyped key costs no look-up and a leaked one is found by scanners. Only its SHA-256 is kept. The
key's identity outlives its secrets: rotation adds a secret and gives the old one an end.
"""

import secrets
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, func, insert, or_, select, update

from auth import remembering
from auth.opaque import hash_of
from auth.people_errors import ApiKeyNotActive, ApiKeyNotFound
from auth.people_tables import api_key_secrets, api_keys
from auth.refusals import CredentialExpired, CredentialMalformed, CredentialRevoked
from core import audit
from core.db.schema import PLATFORM
from core.db.work import Work
from core.kernel.caller import Caller, CallerKind, PlatformRole, Role

PROJECT_PREFIX = "bsk_"
PLATFORM_PREFIX = "bop_"
WARNED_AFTER = timedelta(days=90)
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM_LENGTH = 40
_CHECK_LENGTH = 6
_LENGTH = 4 + _RANDOM_LENGTH + _CHECK_LENGTH
_SHOWN_LENGTH = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key, without its secret."""

    project_id: str | None
    id: str
    name: str
    role: str
    scopes: list[str]
    prefix: str
    created_by: str
    created_at: datetime
    secret_made_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None

    def is_active(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)

    def warning(self, now: datetime) -> str | None:
        """Say in words that the secret is old, once it is."""
        age = now - self.secret_made_at
        if age <= WARNED_AFTER or not self.is_active(now):
            return None
        return f"This key's secret is {age.days} days old. Replace it with rotate_api_key."


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """Whose a secret is, and until when that may be believed without asking again."""

    caller: Caller
    expires_at: datetime | None
    last_used_at: datetime | None


def new_key(prefix: str) -> str:
    body = prefix + "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_LENGTH))
    return body + _checksum(body)


def looks_like_key(text: str) -> bool:
    """Tell an API key from an access token, by how it begins."""
    return text.startswith((PROJECT_PREFIX, PLATFORM_PREFIX))


def is_well_formed(text: str) -> bool:
    """Tell whether the text could ever have been one of our keys."""
    return (
        len(text) == _LENGTH
        and looks_like_key(text)
        and text.isascii()
        and _checksum(text[:-_CHECK_LENGTH]) == text[-_CHECK_LENGTH:]
    )


def _checksum(body: str) -> str:
    number = zlib.crc32(body.encode())
    return "".join(_ALPHABET[number // 62**place % 62] for place in reversed(range(_CHECK_LENGTH)))


async def verify_key(work: Work, secret: str) -> Caller:
    """Return the caller this key is. Raises the reason when it is none: see `auth.refusals`."""
    return (await verify(work, secret)).caller


async def verify(work: Work, secret: str) -> Verified:
    """Return the caller this key is, with until when, and when it was last used."""
    if not is_well_formed(secret):
        raise CredentialMalformed
    query = (
        select(api_keys, api_key_secrets.c.expires_at.label("secret_expires_at"))
        .join(
            api_key_secrets,
            (api_key_secrets.c.project_id == api_keys.c.project_id)
            & (api_key_secrets.c.key_id == api_keys.c.id),
        )
        .where(api_key_secrets.c.secret_hash == hash_of(secret))
    )
    row = (await work.execute(query)).one_or_none()
    if row is None or row.revoked_at:
        # A key that never was and one that was revoked are the same answer to a stranger.
        raise CredentialRevoked
    ends = [end for end in (row.expires_at, row.secret_expires_at) if end]
    if any(end <= work.real_now for end in ends):
        raise CredentialExpired
    caller = caller_of(_key(row))
    return Verified(
        caller=caller, expires_at=min(ends, default=None), last_used_at=row.last_used_at
    )


def caller_of(key: ApiKey) -> Caller:
    return Caller(
        kind=CallerKind.SERVICE,
        subject=key.id,
        project_id=key.project_id,
        role=Role(key.role) if key.project_id else None,
        platform_role=None if key.project_id else PlatformRole(key.role),
        scopes=frozenset(key.scopes),
        key_id=key.id,
        label=key.name,
    )


async def create_key(
    work: Work, *, name: str, role: str, scopes: list[str], expires_at: datetime | None
) -> tuple[ApiKey, str]:
    """Make a key of this unit's project, or of the platform, and return its secret beside it.

    Authority is not judged here: `auth.keys_operations` holds the caller to their own.
    """
    secret = new_key(PROJECT_PREFIX if work.found_project_id else PLATFORM_PREFIX)
    key_id = work.ids.new("key")
    row = {
        "project_id": _owner(work),
        "id": key_id,
        "name": name,
        "role": role,
        "scopes": sorted(set(scopes)),
        "prefix": secret[:_SHOWN_LENGTH],
        "created_by": work.caller.subject[:160],
        "created_at": work.real_now,
        "secret_made_at": work.real_now,
        "expires_at": expires_at,
    }
    await work.execute(insert(api_keys), row)
    await _add_secret(work, key_id, secret)
    told = {"name": name, "role": role, "scopes": row["scopes"], "expires_at": expires_at}
    await audit.record(work, "key.created", key_id, **told)
    work.record("created", key_id)
    return await get_key(work, key_id), secret


async def get_key(work: Work, key_id: str) -> ApiKey:
    """Return this project's key. Raises ApiKeyNotFound."""
    query = select(api_keys).where(*_this(work, key_id))
    row = (await work.execute(query)).one_or_none()
    if row is None:
        raise ApiKeyNotFound(key_id)
    return _key(row)


async def list_keys(
    work: Work, *, before: str | None, limit: int, inactive_too: bool
) -> list[ApiKey]:
    """Return this project's keys, newest first; revoked and expired ones only when asked for."""
    query = select(api_keys).where(api_keys.c.project_id == _owner(work))
    if not inactive_too:
        query = query.where(api_keys.c.revoked_at.is_(None), _unexpired(work))
    if before is not None:
        query = query.where(api_keys.c.id < before)
    rows = await work.execute(query.order_by(api_keys.c.id.desc()).limit(limit))
    return [_key(row) for row in rows]


async def rotate_key(work: Work, key_id: str, *, overlap: timedelta) -> tuple[ApiKey, str]:
    """Give the key a new secret, and its old ones at most `overlap` to live.

    The guarded update takes the row's lock: of two rotations at once, each ends the other's old
    secrets, and a revoked key gets no new one. Raises ApiKeyNotActive.
    """
    key = await get_key(work, key_id)
    secret = new_key(PROJECT_PREFIX if work.found_project_id else PLATFORM_PREFIX)
    fresh = update(api_keys).where(
        *_this(work, key_id), api_keys.c.revoked_at.is_(None), _unexpired(work)
    )
    fresh = fresh.values(secret_made_at=work.real_now, prefix=secret[:_SHOWN_LENGTH])
    if not (await work.execute(fresh)).rowcount:
        raise ApiKeyNotActive(key.id)
    end = work.real_now + overlap
    sooner = or_(api_key_secrets.c.expires_at.is_(None), api_key_secrets.c.expires_at > end)
    old = update(api_key_secrets).where(
        api_key_secrets.c.project_id == _owner(work), api_key_secrets.c.key_id == key_id, sooner
    )
    await work.execute(old.values(expires_at=end))
    await _add_secret(work, key_id, secret)
    await audit.record(work, "key.rotated", key_id, old_secret_ends_at=end)
    work.record("rotated", key_id)
    work.after_commit(remembering.forget_all)
    return await get_key(work, key_id), secret


async def revoke_key(work: Work, key_id: str) -> ApiKey:
    """End the key and every secret of it at once. Revoking a revoked key changes nothing."""
    await get_key(work, key_id)
    this = update(api_keys).where(*_this(work, key_id), api_keys.c.revoked_at.is_(None))
    if (await work.execute(this.values(revoked_at=work.real_now))).rowcount:
        await audit.record(work, "key.revoked", key_id)
        work.record("revoked", key_id)
        work.after_commit(remembering.forget_all)
    return await get_key(work, key_id)


async def count_active(work: Work) -> int:
    live = (api_keys.c.project_id == _owner(work)) & api_keys.c.revoked_at.is_(None)
    query = select(func.count()).select_from(api_keys).where(live & _unexpired(work))
    return int((await work.execute(query)).scalar_one())


async def _add_secret(work: Work, key_id: str, secret: str) -> None:
    row = {
        "secret_hash": hash_of(secret),
        "project_id": _owner(work),
        "key_id": key_id,
        "created_at": work.real_now,
        "expires_at": None,
    }
    await work.execute(insert(api_key_secrets), row)


def _owner(work: Work) -> str:
    return work.found_project_id or PLATFORM


def _this(work: Work, key_id: str) -> tuple[Any, ...]:
    return api_keys.c.project_id == _owner(work), api_keys.c.id == key_id


def _unexpired(work: Work) -> Any:
    return or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > work.real_now)


def _key(row: Row[Any]) -> ApiKey:
    owner = None if row.project_id == PLATFORM else row.project_id
    rest = {name: getattr(row, name) for name in ApiKey.__slots__ if name != "project_id"}
    return ApiKey(project_id=owner, **rest)
