"""A credit pack and its prices as frozen values, and what may be decided about them. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.kernel.money import Money


class Visibility(StrEnum):
    ALL = "all"
    LISTED = "listed"
    """Only the projects that the operator lists see it."""


class SyncState(StrEnum):
    """How far the payment provider knows the pack."""

    WAITING = "waiting"
    SYNCED = "synced"
    REFUSED = "refused"
    """The provider does not take it, and says why."""
    DRIFTED = "drifted"
    """Somebody changed it at the provider; what differs is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a pack costs. It never changes: another price follows it."""

    id: str
    pack_id: str
    money: Money
    created_at: datetime
    retired_at: datetime | None = None
    external_id: str | None = None
    archived_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sync:
    """What came of telling the provider last."""

    state: SyncState
    code: str | None = None
    reason: str | None = None
    version: int = 0
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """Credits for sale. `price` is what is asked for them now."""

    id: str
    key: str
    name: str
    description: str | None
    credits: Money
    bonus: Money
    expires_after_days: int | None
    visibility: Visibility
    price: Price
    version: int
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None = None
    product_id: str | None = None
    sync: Sync = Sync(state=SyncState.WAITING)

    @property
    def is_on_sale(self) -> bool:
        """Whether a checkout can be opened for it: the provider knows what it costs."""
        return self.archived_at is None and self.price.external_id is not None

    def drift(self, *, name: str, active: bool) -> str | None:
        """Say how the provider's product differs from the pack; None when it does not."""
        if name != self.name:
            return f"its name there is {name!r}"
        if active and self.archived_at:
            return "it is active there, and archived here"
        if not active and not self.archived_at:
            return "it was archived there"
        return None
