"""Plans and changes as tests write them."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from core.kernel.money import Asset
from core.proration import (
    MONTHLY,
    AmountOff,
    BillingPeriod,
    Cycle,
    Interval,
    Item,
    PercentOff,
    Prorated,
    Tax,
    Terms,
)

USD = Asset("USD", 2)
UTC = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
APIA = ZoneInfo("Pacific/Apia")


def at(told: str, zone: ZoneInfo = UTC) -> datetime:
    """An instant as clocks of the zone tell it: `2025-06-01` or `2025-06-01 15:00`."""
    return datetime.fromisoformat(told).replace(tzinfo=zone)


def cycle(anchor: str, interval: Interval = MONTHLY, zone: ZoneInfo = UTC) -> Cycle:
    return Cycle(at(anchor, zone), interval, zone)


def period(start: str, interval: Interval = MONTHLY, zone: ZoneInfo = UTC) -> BillingPeriod:
    return cycle(start, interval, zone).period(0)


def between(start: str, end: str, interval: Interval = MONTHLY) -> BillingPeriod:
    return BillingPeriod(at(start), at(end), interval, UTC)


def terms(
    interval: Interval = MONTHLY,
    *,
    off: Sequence[PercentOff | AmountOff] = (),
    tax: Sequence[str] = (),
    included: bool = False,
    **items: str,
) -> Terms:
    """A plan by the prices of its items: `terms(fee="20", seats="50")`."""
    return Terms(
        asset=USD,
        interval=interval,
        items=tuple(Item(key=key, amount=Decimal(amount)) for key, amount in items.items()),
        discounts=tuple(off),
        taxes=tuple(Tax(f"tax {n}", Decimal(each)) for n, each in enumerate(tax)),
        tax_is_included=included,
    )


def amounts(prorated: Prorated) -> list[str]:
    """The lines as people read them: `-10.00 fee`."""
    return [f"{line.amount.decimal} {line.item}" for line in prorated.lines]


def local(instants: Sequence[datetime], zone: ZoneInfo) -> list[str]:
    return [each.astimezone(zone).strftime("%Y-%m-%d %H:%M") for each in instants]


HALF = Fraction(1, 2)
