"""What stands on the provider's shelf for a plan, as frozen values, and how it differs. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum

from core import payments

REASON_MAX = 500


class ShelfState(StrEnum):
    """How far the provider knows what is sold of a plan."""

    WAITING = "waiting"
    SYNCED = "synced"
    REFUSED = "refused"
    """The provider does not take all of it, and says why."""
    DRIFTED = "drifted"
    """Somebody changed it at the provider; what differs is told."""


class PriceState(StrEnum):
    WAITING = "waiting"
    SYNCED = "synced"
    BILLED_BY_US = "billed_by_us"
    """The provider has no price like it."""
    REFUSED = "refused"
    DRIFTED = "drifted"
    ARCHIVED = "archived"
    """Nothing is sold at it any more; what was sold at it stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """A plan, as the provider was told of it."""

    plan_id: str
    plan_key: str
    revision: int
    """Grows whenever the provider has to be told."""
    attempt: int
    """Of making the product: grows once a call under its key can come to nothing any more."""
    name: str
    """What the provider was told it is called."""
    product_id: str | None
    state: ShelfState
    """Never drifted: that is told by `drift`, here and of each price."""
    code: str | None
    reason: str | None
    drift: str | None
    synced_revision: int
    synced_at: datetime | None
    checked_at: datetime | None
    created_at: datetime
    archived_at: datetime | None
    """When the provider was told that the plan is sold no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShelfPrice:
    """The price of one item of one version in one price book. It never changes."""

    id: str
    plan_id: str
    version_id: str
    version: int
    item_key: str
    book_key: str
    meter_key: str | None
    cost: payments.Cost | None
    """None for what the provider cannot express: then `billed_by_us` says why."""
    billed_by_us: str | None
    attempt: int
    external_id: str | None
    refused: str | None
    drift: str | None
    created_at: datetime
    archived_at: datetime | None

    @property
    def path(self) -> str:
        return f"items.{self.item_key}.prices.{self.book_key}"

    @property
    def state(self) -> PriceState:
        if self.archived_at:
            return PriceState.DRIFTED if self.drift else PriceState.ARCHIVED
        if self.cost is None:
            return PriceState.BILLED_BY_US
        if self.refused:
            return PriceState.REFUSED
        if self.external_id is None:
            return PriceState.WAITING
        return PriceState.DRIFTED if self.drift else PriceState.SYNCED


def drift_of_product(shelf: Shelf, product: payments.Product | None) -> str | None:
    """Say how the provider's product differs from the plan; None when it does not."""
    if product is None:
        return "it was deleted there"
    if product.name != shelf.name:
        return f"its name there is {product.name!r}"
    return _activity(active=product.active, sold=shelf.archived_at is None)


def drift_of_price(ours: ShelfPrice, theirs: payments.Price | None, shelf: Shelf) -> str | None:
    """Say how the provider's price differs from ours; None when it does not."""
    if theirs is None:
        return "it was deleted there"
    if theirs.product_id != shelf.product_id:
        return f"it belongs to the product {theirs.product_id} there"
    if ours.cost and theirs.cost is None:
        return "it is computed otherwise there"
    if ours.cost and theirs.cost and (differs := [*_differences(ours.cost, theirs.cost)]):
        return "; ".join(differs)
    return _activity(active=theirs.active, sold=ours.archived_at is None)


def _activity(*, active: bool, sold: bool) -> str | None:
    if active == sold:
        return None
    return "it was archived there" if sold else "it is active there, and archived here"


def _differences(ours: payments.Cost, theirs: payments.Cost) -> Iterator[str]:
    for each in fields(payments.Cost):
        here, there = getattr(ours, each.name), getattr(theirs, each.name)
        if each.name == "tiers" and here != there:
            yield from _of_tiers(here, there)
        elif here != there:
            yield f"its {each.name} there is {_said(there)}, and {_said(here)} here"


def _of_tiers(ours: tuple[payments.Tier, ...], theirs: tuple[payments.Tier, ...]) -> Iterator[str]:
    if len(ours) != len(theirs):
        yield f"it has {len(theirs)} tiers there, and {len(ours)} here"
        return
    for n, (here, there) in enumerate(zip(ours, theirs, strict=True)):
        for name in ("up_to", "unit", "flat"):
            ours_said, theirs_said = getattr(here, name), getattr(there, name)
            if ours_said != theirs_said:
                where = f"its tiers.{n}.{name}"
                yield f"{where} there is {_said(theirs_said)}, and {_said(ours_said)} here"


def _said(value: object) -> str:
    return "nothing" if value is None else str(value)
