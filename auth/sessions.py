"""Sessions: where a person is signed in. The cookie holds 256 random bits, the table their hash.

A session begins under a secret nobody has seen before, at sign-in and again when a second factor
is proved, so a secret planted in a browser beforehand is worth nothing (session fixation). It ends
twelve hours after it was last used, seven days after it began, or when it is revoked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Row, Select, delete, or_, select, update

from auth import remembering
from auth.opaque import hash_of, new_secret
from auth.people_tables import sessions, users
from core import audit
from core.db.work import Work

IDLE = timedelta(hours=12)
ABSOLUTE = timedelta(days=7)
HALFWAY = timedelta(minutes=10)
"""How long a session waits for its second factor."""
SEEN_EVERY = timedelta(minutes=5)
"""How exactly `last_seen_at` is kept; a write per page view would serve nobody."""

HOST_COOKIE = "__Host-bursar_session"
PLAIN_COOKIE = "bursar_session"
"""Used on http, which means loopback: browsers refuse the __Host- prefix without https."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    id: str
    user_id: str
    started_at: datetime
    authenticated_at: datetime | None
    last_seen_at: datetime
    expires_at: datetime
    address: str
    program: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """Where a session is used from, as far as it tells us. Untrusted text."""

    address: str
    program: str
    https: bool


def cookie_name(*, https: bool) -> str:
    return HOST_COOKIE if https else PLAIN_COOKIE


def secret_in(cookies: Mapping[str, str]) -> str | None:
    """Return what the cookie holds. The name that only this host can set comes first."""
    return cookies.get(HOST_COOKIE) or cookies.get(PLAIN_COOKIE)


async def start(work: Work, user_id: str, browser: Browser, *, halfway: bool = False) -> str:
    """Begin a session and return its secret, for the cookie alone.

    `halfway` begins one that waits for a second factor and opens nothing else.
    """
    secret, session_id = new_secret(), work.ids.new("ses")
    row = {
        "id": session_id,
        "secret_hash": hash_of(secret),
        "user_id": user_id,
        "started_at": work.real_now,
        "authenticated_at": None if halfway else work.real_now,
        "last_seen_at": work.real_now,
        "expires_at": work.real_now + (HALFWAY if halfway else ABSOLUTE),
        "host_cookie": browser.https,
        "address": browser.address[:64],
        "program": browser.program[:200],
    }
    await work.execute(sessions.insert(), row)
    if not halfway:
        await audit.record(work, "session.started", session_id, user=user_id, **_told(browser))
    return secret


async def current(work: Work, cookies: Mapping[str, str]) -> Session | None:
    """Return the session of these cookies, if it is whole, alive, and its person not shut out."""
    session = await _find(work, cookies)
    return session if session and session.authenticated_at else None


async def halfway(work: Work, cookies: Mapping[str, str]) -> Session | None:
    """Return the session of these cookies that still waits for a second factor."""
    session = await _find(work, cookies)
    return session if session and not session.authenticated_at else None


async def _find(work: Work, cookies: Mapping[str, str]) -> Session | None:
    if not (secret := secret_in(cookies)):
        return None
    query = _alive(work).where(
        sessions.c.secret_hash == hash_of(secret),
        # A secret that was set for this host alone is not taken from a name that others can set.
        sessions.c.host_cookie.is_(bool(cookies.get(HOST_COOKIE))),
    )
    row = (await work.execute(query)).one_or_none()
    return _session(row) if row else None


def _alive(work: Work) -> Select[tuple[object, ...]]:
    return (
        select(sessions)
        .join(users, users.c.id == sessions.c.user_id)
        .where(
            sessions.c.expires_at > work.real_now,
            sessions.c.last_seen_at > work.real_now - IDLE,
            users.c.disabled_at.is_(None),
        )
    )


async def list_sessions(work: Work, user_id: str) -> list[Session]:
    """List where a person is signed in, newest first."""
    query = _alive(work).where(
        sessions.c.user_id == user_id, sessions.c.authenticated_at.is_not(None)
    )
    rows = await work.execute(query.order_by(sessions.c.id.desc()))
    return [_session(row) for row in rows]


async def seen(work: Work, session: Session) -> None:
    """Note that the session is in use, at most once in `SEEN_EVERY`."""
    if session.last_seen_at <= work.real_now - SEEN_EVERY:
        this = update(sessions).where(sessions.c.id == session.id)
        await work.execute(this.values(last_seen_at=work.real_now))


async def revoke(work: Work, user_id: str, session_id: str) -> bool:
    """End one session of this person. False when they have no such session."""
    this = delete(sessions).where(sessions.c.user_id == user_id, sessions.c.id == session_id)
    if not (await work.execute(this)).rowcount:
        return False
    await _tell(work, session_id, user_id)
    return True


async def give_way(work: Work, session: Session) -> bool:
    """Take away a session that waited, for the whole one that begins in its place.

    False when it was taken before: of two answers at once, one begins a session.
    """
    this = delete(sessions).where(sessions.c.id == session.id)
    return (await work.execute(this)).rowcount == 1


async def revoke_others(work: Work, user_id: str, kept_id: str | None = None) -> int:
    """End every session of this person except the one they are in; return how many."""
    these = sessions.c.user_id == user_id
    if kept_id:
        these &= sessions.c.id != kept_id
    ended = (await work.execute(select(sessions.c.id).where(these))).scalars().all()
    await work.execute(delete(sessions).where(these))
    for session_id in ended:
        await _tell(work, session_id, user_id)
    return len(ended)


async def forget_expired(work: Work) -> int:
    """Delete sessions that can no longer be used; return how many."""
    over = or_(
        sessions.c.expires_at <= work.real_now, sessions.c.last_seen_at <= work.real_now - IDLE
    )
    return int((await work.execute(delete(sessions).where(over))).rowcount)


async def _tell(work: Work, session_id: str, user_id: str) -> None:
    await audit.record(work, "session.ended", session_id, user=user_id)
    work.after_commit(remembering.forget_all)


def _told(browser: Browser) -> dict[str, str]:
    return {"address": browser.address, "program": browser.program}


def _session(row: Row[tuple[object, ...]]) -> Session:
    return Session(**{name: getattr(row, name) for name in Session.__slots__})
