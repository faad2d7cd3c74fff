"""Plans and what they are made of as frozen values, and what may be decided about them. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from core import pricing
from core.kernel.money import Asset, Money
from core.products import FeatureKind, PriceBook


class QuotaWindow(StrEnum):
    """How long a quota lasts until it begins anew."""

    BILLING_PERIOD = "billing_period"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"
    EVER = "ever"


class IntervalUnit(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


class ItemKind(StrEnum):
    RECURRING = "recurring"
    """A fee or seats, each interval, in advance."""
    USAGE = "usage"
    """What a meter counted, each interval, in arrears."""
    ONE_TIME = "one_time"
    """Once, when the plan is begun."""


class VersionState(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    """It is sold, or will be from `effective_at` on."""
    SUPERSEDED = "superseded"
    """A later one is sold instead; whoever holds this one keeps it."""
    ARCHIVED = "archived"
    """Its plan is sold no more; whoever holds it keeps it."""


@dataclass(frozen=True, slots=True)
class Interval:
    """How often a plan is billed: every `count` units."""

    unit: IntervalUnit
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing a plan charges for, with a price in each of the plan's price books."""

    key: str
    name: str
    kind: ItemKind
    meter_key: str | None
    """What counts the usage; None unless the kind is usage."""
    prices: Mapping[str, pricing.Price]
    """By the key of the price book, in the order of the keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entitled:
    """What a plan gives of one feature."""

    feature_key: str
    kind: FeatureKind
    enabled: bool
    """Of a switch: on or off. A limit or quota is always on."""
    limit: Decimal | None
    """Of a limit, a whole number; of a quota, at most six decimals. None is without limit."""
    per: QuotaWindow | None
    """Of a quota; None for anything else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncludedCredits:
    """Credits that are granted at the beginning of each interval."""

    amount: Money
    rollover_max: Money | None
    """How many unused ones the next interval begins with, at most; None for all of them."""
    expires_after_days: int | None
    """None for credits that do not expire by age."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a version of a plan says."""

    interval: Interval
    trial_days: int
    items: tuple[Item, ...]
    entitlements: tuple[Entitled, ...]
    included: IncludedCredits | None
    notes: str | None
    """For staff: why this version is as it is."""

    @property
    def books(self) -> frozenset[str]:
        """The keys of the price books in which every item has a price."""
        priced = [frozenset(each.prices) for each in self.items]
        return frozenset.intersection(*priced) if priced else frozenset()

    def entitled(self, feature_key: str) -> Entitled | None:
        return next((each for each in self.entitlements if each.feature_key == feature_key), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    id: str
    key: str
    product_key: str
    name: str
    description: str | None
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanVersion(Terms):
    """One version of a plan: a draft, or published and never changed again."""

    id: str
    number: int
    plan: Plan
    revision: int
    """Of a draft, grows with every change. Zero once it is published."""
    created_at: datetime
    published_at: datetime | None
    effective_at: datetime | None
    """From when it is sold. None of a draft."""
    superseded_at: datetime | None
    """When a later version took its place, or will. None where none does."""

    @property
    def plan_key(self) -> str:
        return self.plan.key

    @property
    def product_key(self) -> str:
        return self.plan.product_key

    @property
    def head(self) -> "Head":
        return Head(
            id=self.id,
            number=self.number,
            published_at=self.published_at,
            effective_at=self.effective_at,
            superseded_at=self.superseded_at,
        )

    def state_at(self, instant: datetime) -> VersionState:
        return self.head.state_at(self.plan, instant)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A version without what it says: where it stands among the others of its plan."""

    id: str
    number: int
    published_at: datetime | None
    effective_at: datetime | None
    superseded_at: datetime | None

    def state_at(self, plan: Plan, instant: datetime) -> VersionState:
        if self.published_at is None:
            return VersionState.DRAFT
        if plan.archived_at and plan.archived_at <= instant:
            return VersionState.ARCHIVED
        if self.superseded_at and self.superseded_at <= instant:
            return VersionState.SUPERSEDED
        return VersionState.PUBLISHED


def book_for(
    version: Terms, books: Iterable[PriceBook], currency: Asset, at: datetime
) -> PriceBook | None:
    """Choose where the version's prices in a currency are read: an open book that prices all of it.

    The highest priority wins, then the currency's default, then the first key. What has no items
    costs nothing in any book.
    """
    fitting = [
        each
        for each in books
        if each.asset == currency
        and each.is_open_at(at)
        and (each.key in version.books or not version.items)
    ]
    return min(fitting, key=_rank, default=None)


def _rank(book: PriceBook) -> tuple[int, bool, str]:
    return -book.priority, not book.is_default, book.key
