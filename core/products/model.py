"""What plans are made of, as frozen values: products, features and price books. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.kernel.money import Asset


class FeatureKind(StrEnum):
    SWITCH = "switch"
    """Somebody has it or not."""
    LIMIT = "limit"
    """So many at a time: seats, projects."""
    QUOTA = "quota"
    """So much of what a meter counts, in each window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A line of products: its plans are alternatives to each other."""

    id: str
    key: str
    name: str
    description: str | None
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """Something that plans give."""

    id: str
    key: str
    name: str
    kind: FeatureKind
    unit: str | None
    """What is counted, in the singular; None for a switch."""
    meter_key: str | None
    """What counts a quota; None for anything else."""
    created_at: datetime
    archived_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceBook:
    """Prices in one currency, open for new sales from `starts_at` to `ends_at`, not included."""

    id: str
    key: str
    name: str
    asset: Asset
    starts_at: datetime | None
    """None for since ever."""
    ends_at: datetime | None
    """None for ever."""
    priority: int
    is_default: bool
    """Of its currency, where priority leaves the choice. It has no dates: it is always open."""
    revision: int
    created_at: datetime
    updated_at: datetime

    def is_open_at(self, instant: datetime) -> bool:
        begun = self.starts_at is None or self.starts_at <= instant
        return begun and (self.ends_at is None or instant < self.ends_at)
