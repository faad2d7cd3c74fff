"""What an item of a plan costs, as a provider computes it: the same words asked and answered.

Two costs are equal when whoever pays by them pays the same; so what was asked for is compared
with what is there.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from core.kernel.money import Asset

Interval = Literal["day", "week", "month", "year"]
TierMode = Literal["graduated", "volume"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """Up to and including so many units (None: all further ones), each at `unit`.

    `unit` is a decimal of the smallest unit: `0.25` is a quarter of a cent. `flat` is due once for
    the tier when it is reached, in whole smallest units.
    """

    up_to: int | None
    unit: str = "0"
    flat: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """So much for each unit, for each begun package of them, or by tiers; once or each interval."""

    asset: Asset
    unit: str | None = None
    """A decimal of the smallest unit, as in a tier; None where tiers say it."""
    package: int | None = None
    """`unit` is for every so many, and one that is begun is charged whole."""
    tiers: tuple[Tier, ...] = ()
    mode: TierMode | None = None
    interval: Interval | None = None
    """None for what is paid once."""
    interval_count: int = 1
    meter_id: str | None = None
    """What is counted by this meter of the provider's, afterwards; else a quantity, beforehand."""


def figure(value: Decimal | str) -> str:
    """Write a decimal in its one way: no exponent, and no zeros that say nothing."""
    return format(Decimal(value).normalize(), "f")
