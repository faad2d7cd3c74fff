"""What the ledger says of a span of time: the sums that are kept, and the ledger from there on."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import case, func, select

from core import statements
from core.db.work import Work
from core.kernel.money import Asset
from core.ledger import AccountRole
from core.revenue import tables
from core.revenue.tallying import QUARTER_SECONDS, marked

Key = tuple[str, str]
"""A role of accounts, and a kind of transactions."""
MONEY = (AccountRole.CLEARING, AccountRole.BANK)
CAME = frozenset({"purchase", "underpayment", "top_up", "invoice_paid"})
WENT_BACK = frozenset({"refund", "reversal"})
INVOICED = frozenset({"invoice"})
CREDITED = frozenset({"credit_note", "invoice_void"})


@dataclass(frozen=True, slots=True)
class Booked:
    """What was booked in a span of time, and what stood in the books when it ended."""

    moved: Mapping[Key, int] = field(default_factory=dict)
    standing: Mapping[Key, int] = field(default_factory=dict)

    @property
    def invoiced(self) -> int:
        """What customers were asked for by invoices, with taxes."""
        return _of(self.moved, (AccountRole.RECEIVABLE,), INVOICED)

    @property
    def credited(self) -> int:
        """What was taken back of that by credit notes and voids."""
        return -_of(self.moved, (AccountRole.RECEIVABLE,), CREDITED)

    @property
    def collected(self) -> int:
        """Money that came, for whatever."""
        return _of(self.moved, MONEY, CAME)

    @property
    def refunded(self) -> int:
        """Money that went back, less what came back of it."""
        return -_of(self.moved, MONEY, WENT_BACK)

    @property
    def recognized(self) -> int:
        """What was earned by use, and of invoices as their periods passed."""
        return -_of(self.moved, (AccountRole.REVENUE,))

    @property
    def breakage(self) -> int:
        """What was earned because it expired, less what rolled over."""
        return -_of(self.moved, (AccountRole.BREAKAGE,))

    @property
    def deferred(self) -> int:
        """What was invoiced and not earned yet, at the end."""
        return -_of(self.standing, (AccountRole.DEFERRED,))

    @property
    def receivable(self) -> int:
        """What customers owed, at the end."""
        return _of(self.standing, (AccountRole.RECEIVABLE,))


def _of(
    sums: Mapping[Key, int], roles: Sequence[AccountRole], kinds: frozenset[str] | None = None
) -> int:
    names = set(map(str, roles))
    return sum(
        amount
        for (role, kind), amount in sums.items()
        if role in names and (kinds is None or kind in kinds)
    )


async def booked(work: Work, asset: Asset, bounds: Sequence[datetime]) -> list[Booked]:
    """Return what was booked between each two of these instants, in order, of all projects.

    Each begins with a quarter hour, as every day does. The unit must be one that reads: it sees the
    sums and the ledger as of one instant, and so each transaction once.
    """
    sums = await _sums(work, asset, [int(each.timestamp()) // QUARTER_SECONDS for each in bounds])
    standing: dict[Key, int] = dict(sums[0])
    found = []
    for each in sums[1:]:
        for key, amount in each.items():
            standing[key] = standing.get(key, 0) + amount
        found.append(Booked(each, dict(standing)))
    return found


async def _sums(work: Work, asset: Asset, bounds: Sequence[int]) -> list[dict[Key, int]]:
    """Sum up by span: the first is all that was before the first of these quarter hours."""
    sums: list[dict[Key, int]] = [defaultdict(int) for _ in bounds]
    b = tables.booked.c
    number = case(
        *((b.quarter < bound, number) for number, bound in enumerate(bounds)), else_=len(bounds)
    ).label("number")
    kept = (
        select(number, b.role, b.kind, func.sum(b.amount).label("amount"))
        .where(b.asset == str(asset), b.quarter < bounds[-1])
        .group_by(number, b.role, b.kind)
    )
    for row in await work.execute(kept):
        sums[row.number][row.role, row.kind] += int(row.amount)
    mark = await marked(work)
    for each in await statements.sums(work, mark, seconds=QUARTER_SECONDS, assets=[str(asset)]):
        if each.span < bounds[-1]:
            sums[bisect_right(bounds, each.span)][each.role, each.kind] += each.amount
    return sums
