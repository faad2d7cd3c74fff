"""How long a draft with usage waits, and when usage is billed before its period is over.

Said of a plan, or of a legal entity for all plans: what the plan says counts first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import or_, select, update

from core.arrears import tables
from core.arrears.model import Thresholds
from core.db.upsert import upsert
from core.db.work import Work
from core.kernel.money import Asset, Money

DRAFT_MINUTES = 60
DRAFT_MINUTES_MAX = 72 * 60


class Scope(StrEnum):
    ENTITY = "entity"
    PLAN = "plan"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What is said of a plan or of a legal entity. None says nothing."""

    scope: Scope
    key: str
    draft_minutes: int | None = None
    thresholds: tuple[Thresholds, ...] | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What counts for a plan."""

    draft_for: timedelta
    thresholds: tuple[Thresholds, ...]

    def threshold(self, asset: Asset) -> Thresholds | None:
        return next((each for each in self.thresholds if each.asset == asset), None)


async def of_plan(work: Work, plan_key: str, entity_key: str) -> Settings:
    """Return what counts for a plan whose invoices this legal entity issues."""
    s = tables.settings.c
    named = {Scope.PLAN: plan_key, Scope.ENTITY: entity_key}
    either = (((s.scope == str(scope)) & (s.key == key)) for scope, key in named.items())
    rows = await work.execute(select(tables.settings).where(or_(*either)))
    said = {each.scope: each for each in map(_setting, rows)}
    ordered = [said[scope] for scope in (Scope.PLAN, Scope.ENTITY) if scope in said]
    minutes = next((n.draft_minutes for n in ordered if n.draft_minutes is not None), DRAFT_MINUTES)
    thresholds = next((n.thresholds for n in ordered if n.thresholds is not None), ())
    return Settings(draft_for=timedelta(minutes=minutes), thresholds=thresholds)


async def say(work: Work, setting: Setting) -> None:
    """Keep a setting, in place of what was said before. What runs is looked at by it at once."""
    row = {
        "scope": str(setting.scope),
        "key": setting.key,
        "draft_minutes": setting.draft_minutes,
        "thresholds": None if setting.thresholds is None else [*map(_write, setting.thresholds)],
        "updated_at": work.now,
    }
    await upsert(work, tables.settings, row, key=("scope", "key"))
    r = tables.runs.c
    look = update(tables.runs).values(next_look_at=work.now)
    if setting.scope is Scope.PLAN:
        look = look.where(r.plan_key == setting.key)
    # Whichever has no threshold is not looked at again after this once.
    await work.execute(look)


async def all_said(work: Work) -> list[Setting]:
    s = tables.settings.c
    query = select(tables.settings).order_by(s.scope, s.key)
    return [_setting(row) for row in await work.execute(query)]


def _setting(row: Any) -> Setting:
    said = row.thresholds
    return Setting(
        scope=Scope(row.scope),
        key=row.key,
        draft_minutes=row.draft_minutes,
        thresholds=None if said is None else tuple(map(_read, said)),
        updated_at=row.updated_at,
    )


def _write(each: Thresholds) -> dict[str, Any]:
    amounts: Sequence[str] = [Money(n, each.asset).decimal for n in each.amounts]
    every = None if each.every is None else Money(each.every, each.asset).decimal
    return {"currency": str(each.asset), "amounts": [*amounts], "every": every}


def _read(written: Any) -> Thresholds:
    asset = Asset.parse(written["currency"])
    every = written["every"]
    return Thresholds(
        asset=asset,
        amounts=tuple(Money.of(each, asset).amount for each in written["amounts"]),
        every=None if every is None else Money.of(every, asset).amount,
    )
