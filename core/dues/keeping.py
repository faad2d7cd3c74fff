"""What a project has had given back: what is kept for its next bill, and wallets that pay first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import update

from core.db.sets import find_all_rows
from core.db.together import Collided, Order, Step
from core.db.work import Work
from core.dues import tables
from core.kernel.money import Asset, Money


@dataclass(frozen=True, slots=True)
class Kept:
    bill_id: str
    position: int
    unused: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What a project has of one currency."""

    asset: Asset
    kept: tuple[Kept, ...] = ()
    wallet_ids: tuple[str, ...] = ()
    """Into which credit notes gave something: they pay first."""

    @property
    def amount(self) -> Money:
        return Money(sum(each.unused for each in self.kept), self.asset)


async def standing(work: Work, asset: Asset) -> Standing:
    """Return what the unit's project has in this currency, locked until the unit ends."""
    return await work.together(STAND, asset)


async def use_kept(work: Work, has: Standing, amount: int) -> None:
    """Note that a bill was less by so much: of what was kept first, first."""
    r = tables.returns.c
    for each in has.kept:
        part = min(each.unused, amount)
        if not part:
            return
        amount -= part
        this = (
            r.project_id == work.project_id,
            r.bill_id == each.bill_id,
            r.position == each.position,
            r.unused == each.unused,
        )
        used = update(tables.returns).where(*this).values(unused=each.unused - part)
        if (await work.execute(used)).rowcount != 1:
            # Another bill of the same unit was faster: its project's bills are made one by one.
            raise Collided
    assert amount == 0, "no bill is less by more than was kept"


async def _stand(items: Sequence[tuple[Work, Asset]]) -> list[Standing]:
    wanted = sorted({(own.project_id, str(asset)) for own, asset in items})
    names = ("project_id", "asset", "bill_id", "position", "unused", "wallet_id")
    rows = await find_all_rows(
        items[0][0],
        tables.returns,
        ("project_id", "asset"),
        wanted,
        names,
        only="(x.unused > 0 or x.wallet_id is not null)",
        lock=True,
    )
    found: dict[tuple[str, str], list[Any]] = {}
    for row in sorted(rows):
        found.setdefault(row[:2], []).append(row[2:])
    return [_standing(asset, found.get((own.project_id, str(asset)), ())) for own, asset in items]


def _standing(asset: Asset, rows: Sequence[Any]) -> Standing:
    kept = tuple(Kept(*row[:3]) for row in rows if row[2])
    wallets = tuple(dict.fromkeys(row[3] for row in rows if row[3]))
    return Standing(asset, kept, wallets)


STAND: Step[Asset, Standing] = Step(Order.LOOK + 8, _stand)
