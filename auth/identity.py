"""From what a request carries to the `Caller` it comes from: a token, an API key, a session.

Exactly one credential counts. Whose a token or a key is is remembered for a second; see
`auth.remembering`. A cookie is believed only where the door says so, because browsers send cookies
with other sites' requests and the door must have refused those first.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime

from auth import keys, resources, sessions, tokens, users, verifying
from auth.last_used import LastUsed
from auth.opaque import hash_of
from auth.refusals import CredentialMalformed, CredentialMissing, WrongAudience
from auth.remembering import Memory
from core.db.engine import is_transient
from core.db.work import Database, Work
from core.kernel.caller import ANONYMOUS, Caller
from core.kernel.errors import Busy

SECRET_LENGTH_MAX = 200


class Identity:
    """Tells callers apart. One per process; remembers each credential for a second."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._keys: Memory[Caller] = Memory()
        self._tokens: Memory[verifying.LiveToken] = Memory()
        self.last_used = LastUsed(database)

    async def __call__(self, headers: Mapping[str, str], resource: str) -> Caller:
        """Return who presents these headers to this resource; ANONYMOUS when nothing is presented.

        Header names are in lower case. Raises one of `auth.refusals`, each an Unauthenticated.
        """
        secret = presented(headers)
        if secret is None:
            return ANONYMOUS
        if keys.looks_like_key(secret):
            return await self._key(secret)
        if secret.startswith(tokens.ACCESS_PREFIX):
            return await self._token(secret, resource)
        raise CredentialMalformed

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[Work]:
        """Read, or say Busy: whoever cannot be recognised just now may come again."""
        try:
            async with self._database.read(ANONYMOUS) as work:
                yield work
        except Exception as error:
            if not is_transient(error):
                raise
            raise Busy from error

    async def require(self, headers: Mapping[str, str], resource: str) -> Caller:
        """Return who presents these headers; whoever presents nothing is refused."""
        caller = await self(headers, resource)
        if caller is ANONYMOUS:
            raise CredentialMissing
        return caller

    async def person(self, cookies: Mapping[str, str]) -> Caller:
        """Return the person whose session the cookies are, else ANONYMOUS.

        For doors that have refused what other sites send (see `auth.csrf`), and for no others.
        """
        async with self._reading() as work:
            session = await sessions.current(work, cookies)
            user = await users.find_user(work, session.user_id) if session else None
        return users.person(user) if user else ANONYMOUS

    async def _key(self, secret: str) -> Caller:
        async def look_up() -> tuple[Caller, datetime | None]:
            async with self._reading() as work:
                verified = await keys.verify(work, secret)
            self.last_used.note(verified.caller, verified.last_used_at)
            return verified.caller, verified.expires_at

        return await self._keys.get(hash_of(secret), self._database.clock.now(), look_up)

    async def _token(self, token: str, resource: str) -> Caller:
        """Whose a token is is remembered, and what it is good for is asked every time."""

        async def look_up() -> tuple[verifying.LiveToken, datetime]:
            async with self._reading() as work:
                live = await verifying.find_live(work, token)
            return live, live.expires_at

        live = await self._tokens.get(hash_of(token), self._database.clock.now(), look_up)
        if not resources.covers(live.resource, resource):
            raise WrongAudience
        return live.caller


def presented(headers: Mapping[str, str]) -> str | None:
    """Return the one credential of these headers, or None. Pure.

    Two at once are refused (RFC 6750 §2), and so is any scheme but Bearer. Query strings are never
    looked at: they end up in logs.
    """
    authorization, key = headers.get("authorization"), headers.get("x-api-key")
    if authorization is None and key is None:
        return None
    if authorization is not None and key is not None:
        raise CredentialMalformed
    scheme, _, secret = (authorization or f"Bearer {key}").partition(" ")
    secret = secret.strip()
    wrong = scheme.lower() != "bearer" or not secret or len(secret) > SECRET_LENGTH_MAX
    if wrong or not secret.isascii() or " " in secret:
        raise CredentialMalformed
    if authorization is None and not keys.looks_like_key(secret):
        raise CredentialMalformed
    return secret
