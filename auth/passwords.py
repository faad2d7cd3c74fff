"""Passwords: argon2id, in a small pool of threads, never inside a unit of work.

One hash takes a fifth of a second and 64 MiB on purpose. A pool of two bounds what a flood can
take from the machine, and nothing waits for it while holding a connection or a lock.
"""

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select

from auth.people_errors import PasswordUnfit
from auth.people_tables import passwords
from core import audit
from core.db.upsert import upsert
from core.db.work import Work

R = TypeVar("R")

LENGTH_MIN = 12
LENGTH_MAX = 200
DIFFERENT_MIN = 5
THREADS = 2


class Passwords:
    """Hashes and verifies. One per process; `close` ends its threads."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=4)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="passwords")
        self._nobodys: str | None = None

    async def hash(self, password: str) -> str:
        """Hash a password that is fit to be one (see `require_fit`)."""
        return await self._run(self._hasher.hash, _spelled(password))

    async def verify(self, kept: str | None, password: str) -> bool:
        """Tell whether the password is the one that was hashed.

        Without a hash it takes as long and says no, so that time does not tell who has an account.
        """
        if len(password) > LENGTH_MAX:
            password, kept = "", None
        if kept is None:
            await self._disappoint(_spelled(password))
            return False
        return await self._run(self._matches, kept, _spelled(password))

    def is_dated(self, kept: str) -> bool:
        """Tell whether the hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(kept)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _disappoint(self, password: str) -> None:
        """Take the time of one look at a password, for an account that has none.

        The first time, making nobody's hash takes as long as comparing with it would.
        """
        if self._nobodys is None:
            self._nobodys = await self._run(self._hasher.hash, "nobody has this password")
        else:
            await self._run(self._matches, self._nobodys, password)

    def _matches(self, kept: str, password: str) -> bool:
        try:
            return self._hasher.verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, use: Callable[..., R], *args: str) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._threads, use, *args)


def _spelled(password: str) -> str:
    """Write the same characters the same way, whichever keyboard composed them (NIST 800-63B)."""
    return unicodedata.normalize("NFKC", password)


def require_fit(password: str, *, name: str, email: str) -> None:
    """Refuse a password that is too short, too long, too plain, or the person's own address."""
    if len(_spelled(password)) < LENGTH_MIN:
        raise PasswordUnfit(f"it needs at least {LENGTH_MIN} characters")
    if len(password) > LENGTH_MAX:
        raise PasswordUnfit(f"it may have at most {LENGTH_MAX} characters")
    if len(set(password)) < DIFFERENT_MIN:
        raise PasswordUnfit(f"it needs at least {DIFFERENT_MIN} different characters")
    if password.casefold() in {email.casefold(), name.casefold()}:
        raise PasswordUnfit("it must not be your name or your e-mail address")


async def kept_hash(work: Work, user_id: str) -> str | None:
    query = select(passwords.c.hash).where(passwords.c.user_id == user_id)
    return (await work.execute(query)).scalar_one_or_none()


async def keep_hash(work: Work, user_id: str, hashed: str, *, renewed: bool = False) -> None:
    """Store a password's hash. `renewed` says that the password is the same, hashed anew."""
    row = {"user_id": user_id, "hash": hashed, "changed_at": work.real_now}
    await upsert(work, passwords, row, key=["user_id"])
    if not renewed:
        await audit.record(work, "password.changed", user_id)
