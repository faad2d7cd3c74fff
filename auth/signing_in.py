"""Sign in: by password or one-time link, then by a second factor where there is one.

Whoever guesses learns nothing: an unknown address, a wrong password and a person who was shut out
take the same steps, cost the same hash and get the same answer. An attempt is counted before the
password is looked at, and hashing happens between units of work, never inside one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from auth import links, passwords, sessions, throttling, totp
from auth.opaque import hash_of
from auth.people import People
from auth.people_errors import TooManyAttempts
from auth.sessions import Browser, Session
from auth.users import User, find_by_email, find_user, person
from core import audit
from core.db.work import Work
from core.kernel.caller import ANONYMOUS

STRANGER_LENGTH_MAX = 254


@dataclass(frozen=True, slots=True)
class Started:
    """A session that began: its secret, and whether it still waits for a second factor."""

    secret: str
    halfway: bool


async def by_password(
    people: People, email: str, password: str, browser: Browser
) -> Started | None:
    """Sign in with an address and a password. None when they do not belong together.

    Raises TooManyAttempts when the address of the browser, or the account, is being guessed at.
    """
    email = email[:STRANGER_LENGTH_MAX]
    account = throttling.account_of(people.database.digest_key, email)
    with _floods_counted(people, browser):
        await _limit(people, browser, account)
        async with people.database.begin(ANONYMOUS) as work:
            await throttling.take_attempt(work, account)
            user = await find_by_email(work, email)
            kept = await passwords.kept_hash(work, user.id) if user else None
    right = await people.passwords.verify(kept, password)
    if user is None or kept is None or user.disabled_at or not right:
        async with people.database.begin(ANONYMOUS) as work:
            told = user.id if user else account
            await audit.record(work, "sign_in.refused", told, address=browser.address)
        return None
    renewed = await people.passwords.hash(password) if people.passwords.is_dated(kept) else None
    async with people.database.begin(person(user)) as work:
        if await passwords.kept_hash(work, user.id) != kept:
            return None  # it was changed while it was compared, and every session was ended
        await throttling.forgive(work, account)
        if renewed:
            await passwords.keep_hash(work, user.id, renewed, renewed=True)
        return await begin(people, work, user, browser)


async def by_link(people: People, token: str, browser: Browser) -> Started | None:
    """Sign in with a one-time link, which is used up. None when it cannot be used."""
    with _floods_counted(people, browser):
        await _limit(people, browser, "link:" + hash_of(token).hex()[:16])
    async with people.database.begin(ANONYMOUS) as work:
        user_id = await links.use_link(work, token)
        user = await find_user(work, user_id) if user_id else None
        if user is None:
            await audit.record(work, "sign_in_link.refused", "link", address=browser.address)
            return None
        await audit.record(work, "sign_in_link.used", user.id, address=browser.address)
        return await begin(people, work, user, browser)


async def by_second_factor(
    people: People, session: Session, code: str, browser: Browser
) -> Started | None:
    """Finish a session that waits for a second factor, under a new secret. None for a wrong code.

    Six digits can be guessed, so they are throttled as passwords are, whichever session asks.
    """
    account = "second:" + session.user_id
    with _floods_counted(people, browser):
        await _limit(people, browser, account)
        async with people.database.begin(ANONYMOUS) as work:
            await throttling.take_attempt(work, account)
    async with people.database.begin(ANONYMOUS) as work:
        user = await find_user(work, session.user_id)
        if user is None or not await people.second_factors.prove(work, session.user_id, code):
            await audit.record(
                work, "second_factor.refused", session.user_id, address=browser.address
            )
            return None
        await throttling.forgive(work, account)
        return await finish(work, user, session, browser)


async def begin(people: People, work: Work, user: User, browser: Browser) -> Started:
    """Begin a session for a person who proved a first factor."""
    halfway = people.require_second_factor or await totp.has_factor(work, user.id)
    return Started(await sessions.start(work, user.id, browser, halfway=halfway), halfway)


async def finish(work: Work, user: User, session: Session, browser: Browser) -> Started | None:
    """Put a whole session, with a secret nobody has seen, in the place of one that waited."""
    if not await sessions.give_way(work, session):
        return None
    return Started(await sessions.start(work, user.id, browser), halfway=False)


@contextmanager
def _floods_counted(people: People, browser: Browser) -> Iterator[None]:
    """Count who is turned away for trying too often: a flood must not be able to fill the trail."""
    try:
        yield
    except TooManyAttempts:
        people.trail.count_flood(browser.address, "sign_in", "too_many_attempts")
        raise


async def _limit(people: People, browser: Browser, account: str) -> None:
    address = browser.address
    await throttling.limit(people.limiter, "sign_in", address=address, account=account)
