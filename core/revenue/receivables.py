"""What customers owe, by how long it is past due."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from core import invoicing
from core.db.work import Work
from core.kernel.money import Asset
from core.revenue import owing
from core.revenue.calendar import midnight

DEBTORS_MAX = 10


class Age(StrEnum):
    """How many days an open invoice is past due, by the calendar of the operator's zone."""

    CURRENT = "current"
    UP_TO_30 = "days_1_30"
    UP_TO_60 = "days_31_60"
    UP_TO_90 = "days_61_90"
    OLDER = "days_over_90"
    UNCOLLECTIBLE = "uncollectible"
    """Of whatever age, once it was given up: owed still, and expected no more."""


BY_AGE = (Age.CURRENT, Age.UP_TO_30, Age.UP_TO_60, Age.UP_TO_90, Age.OLDER)
DAYS = (0, 30, 60, 90)
"""What was due more than so many days before today is of the age after."""


@dataclass(frozen=True, slots=True)
class Part:
    invoices: int = 0
    due: int = 0


@dataclass(frozen=True, slots=True)
class Receivables:
    parts: Mapping[Age, Part]
    debtors: Sequence[owing.Debtor]

    @property
    def total(self) -> int:
        """All of it: what the books have as receivable."""
        return sum(each.due for each in self.parts.values())


def bounds(today: date, zone: ZoneInfo) -> list[datetime]:
    """Return the midnights before which something of each age was due, the latest first."""
    return [midnight(today - timedelta(days=each), zone) for each in DAYS]


async def receivables(work: Work, asset: Asset, zone: ZoneInfo) -> Receivables:
    """Return what is owed of every invoice that was issued in this currency, as of now."""
    today = work.now.astimezone(zone).date()
    parts = dict.fromkeys(Age, Part())
    due_before = bounds(today, zone)
    for each in await owing.owed(work, due_before, asset):
        is_open = each.state is invoicing.State.OPEN
        age = BY_AGE[each.age] if is_open else Age.UNCOLLECTIBLE
        before = parts[age]
        parts[age] = Part(before.invoices + each.invoices, before.due + each.due)
    found = await owing.debtors(work, asset, due_before[0], DEBTORS_MAX)
    return Receivables(parts, found)
