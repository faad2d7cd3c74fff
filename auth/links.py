"""One-time sign-in links: how the first operator gets in, since there is no default password.

Looking at a link does not use it: mail scanners and chat previews look at links too. It is used by
the button on its page, once, within a day; making a new one puts out the ones before it.
"""

from datetime import timedelta

from sqlalchemy import ColumnElement, delete, select, update

from auth.opaque import hash_of, new_secret
from auth.people_tables import sign_in_links as links
from auth.people_tables import users
from core import audit
from core.db.work import Work

LIFETIME = timedelta(hours=24)


def path_of(token: str) -> str:
    """Return the path at which a link is opened, below the public URL."""
    return f"/sign-in/link/{token}"


async def make_sign_in_link(work: Work, user_id: str) -> str:
    """Make a link for this person and return its token, which is kept only as a hash."""
    unused = update(links).where(links.c.user_id == user_id, links.c.used_at.is_(None))
    await work.execute(unused.values(used_at=work.real_now))
    token = new_secret()
    row = {
        "token_hash": hash_of(token),
        "user_id": user_id,
        "created_at": work.real_now,
        "expires_at": work.real_now + LIFETIME,
    }
    await work.execute(links.insert(), row)
    await audit.record(work, "sign_in_link.made", user_id)
    return token


async def is_open(work: Work, token: str) -> bool:
    """Tell whether the link could be used now. Changes nothing."""
    query = select(links.c.user_id).where(links.c.token_hash == hash_of(token), _usable(work))
    return (await work.execute(query)).scalar_one_or_none() is not None


async def use_link(work: Work, token: str) -> str | None:
    """Use the link up and return whose it is; None when it is unknown, used or expired."""
    this = (links.c.token_hash == hash_of(token)) & _usable(work)
    if (await work.execute(update(links).where(this).values(used_at=work.real_now))).rowcount != 1:
        return None
    query = (
        select(links.c.user_id)
        .join(users, users.c.id == links.c.user_id)
        .where(links.c.token_hash == hash_of(token), users.c.disabled_at.is_(None))
    )
    user_id: str | None = (await work.execute(query)).scalar_one_or_none()
    return user_id


async def forget_expired(work: Work) -> int:
    """Delete links that can no longer be used; return how many."""
    return int(
        (await work.execute(delete(links).where(links.c.expires_at <= work.real_now))).rowcount
    )


def _usable(work: Work) -> ColumnElement[bool]:
    return links.c.used_at.is_(None) & (links.c.expires_at > work.real_now)
