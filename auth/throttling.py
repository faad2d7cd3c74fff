"""Slow down who guesses: per address and per account in the limiter, and a count that survives.

An attempt is counted before the password is looked at, in a unit of its own, so that a hundred
guesses sent at once are a hundred attempts and not one. Success takes the count away. The count is
kept for accounts that do not exist as well: being throttled tells nothing.
"""

import hashlib
from datetime import timedelta

from sqlalchemy import delete, or_, select, update

from auth.people_errors import TooManyAttempts
from auth.people_tables import sign_in_failures as failures
from core.db.upsert import insert_if_absent
from core.db.work import Work
from core.operations.limits import Rate, RateLimiter
from core.projects import normal_email

PER_ADDRESS = Rate(calls=30, seconds=60)
PER_ACCOUNT = Rate(calls=10, seconds=60)
FREE_FAILURES = 5
LOCK_SECONDS_MAX = 900
FORGOTTEN_AFTER = timedelta(hours=24)


def account_of(key: bytes, email: str) -> str:
    """Name the account that an address would be, in a way that only the key's holder can undo."""
    address = normal_email(email.strip()).encode("utf-8", "replace")
    return "acc_" + hashlib.blake2b(address, digest_size=16, key=key, person=b"account").hexdigest()


def lock_seconds(count: int) -> int:
    """How long to wait after so many failures in a row: nothing, then 15 s, 30 s … 15 minutes."""
    if count < FREE_FAILURES:
        return 0
    doublings = min(count - FREE_FAILURES, 10)
    return min(15 << doublings, LOCK_SECONDS_MAX)


async def limit(limiter: RateLimiter, kind: str, *, address: str, account: str) -> None:
    """Take one attempt from the buckets of the address and of the account, or refuse."""
    for key, rate in ((f"{kind}:{address}", PER_ADDRESS), (f"{kind}:{account}", PER_ACCOUNT)):
        verdict = await limiter.hit(key, rate)
        if not verdict.allowed:
            raise TooManyAttempts(max(1, int(verdict.retry_after + 0.999)))


async def take_attempt(work: Work, account: str) -> None:
    """Count an attempt as failed until it is known better, or refuse while the account is locked.

    The guarded update takes the row's lock, so of two attempts at once the second sees the first.
    """
    fresh = {"account": account, "failures": 0, "last_failed_at": work.real_now}
    await insert_if_absent(work, failures, fresh)
    this = failures.c.account == account
    stale = failures.c.last_failed_at < work.real_now - FORGOTTEN_AFTER
    await work.execute(update(failures).where(this, stale).values(failures=0, locked_until=None))
    open_now = or_(failures.c.locked_until.is_(None), failures.c.locked_until <= work.real_now)
    counted = update(failures).where(this, open_now)
    counted = counted.values(failures=failures.c.failures + 1, last_failed_at=work.real_now)
    taken = (await work.execute(counted)).rowcount == 1
    query = select(failures.c.failures, failures.c.locked_until).where(this)
    row = (await work.execute(query)).one()
    if not taken:
        raise TooManyAttempts(
            max(1, int((row.locked_until - work.real_now).total_seconds() + 0.999))
        )
    if seconds := lock_seconds(row.failures):
        until = work.real_now + timedelta(seconds=seconds)
        await work.execute(update(failures).where(this).values(locked_until=until))


async def forgive(work: Work, account: str) -> None:
    """Forget the failures of an account whose person has just proved themselves."""
    await work.execute(delete(failures).where(failures.c.account == account))


async def forget_old(work: Work) -> int:
    """Delete counts that no longer matter; return how many."""
    old = failures.c.last_failed_at < work.real_now - FORGOTTEN_AFTER
    return int((await work.execute(delete(failures).where(old))).rowcount)
