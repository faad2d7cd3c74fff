"""What the pages stand on: settings, the database, the gate, and what checks credentials."""

from dataclasses import dataclass

from auth.passwords import Passwords
from auth.settings import AuthSettings
from auth.totp import SecondFactors
from core.audit import Trail
from core.db.work import Database
from core.operations.limits import RateLimiter
from core.operations.perform import Gate


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """One per process. `settings.issuer` is the origin that every page lives under."""

    settings: AuthSettings
    database: Database
    gate: Gate
    passwords: Passwords
    second_factors: SecondFactors
    require_second_factor: bool = False

    @property
    def https(self) -> bool:
        """Whether cookies can have the __Host- prefix; without it we are on loopback."""
        return self.settings.issuer.startswith("https://")

    @property
    def trail(self) -> Trail:
        return self.gate.trail

    @property
    def limiter(self) -> RateLimiter:
        return self.gate.limiter
