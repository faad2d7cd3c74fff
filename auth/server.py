"""What the OAuth endpoints stand on: settings, the database, and the ports they use."""

from dataclasses import dataclass

from auth.fetching import DocumentFetcher
from auth.settings import AuthSettings
from core.audit import Trail
from core.db.work import Database
from core.kernel.caller import Caller, CallerKind
from core.operations.limits import RateLimiter


@dataclass(frozen=True, slots=True)
class AuthServer:
    settings: AuthSettings
    database: Database
    trail: Trail
    limiter: RateLimiter
    fetcher: DocumentFetcher


def caller_of(client_id: str) -> Caller:
    """Return who a client is to the trail before it has a token: a name, and no authority."""
    return Caller(
        kind=CallerKind.ANONYMOUS, subject=f"client:{client_id}"[:160], client_id=client_id
    )
