"""Ask whether a project may use a feature, insist on it, and use what a quota gives.

Usage is metering's: its sums are added to in the unit that writes an event, so that what is told
here is never behind, and nothing is counted twice.
"""

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select

from core import metering
from core.catalog import Feature, FeatureKind
from core.db.upsert import insert_if_absent
from core.db.work import Work
from core.entitlements import resolving, tables, upgrading
from core.entitlements.counting import question, standings
from core.entitlements.deciding import Decision, decide, exceeded
from core.entitlements.errors import FeatureNotMetered
from core.entitlements.model import Held, millionths


@dataclass(frozen=True, slots=True)
class Used:
    """What use was made of a quota, and how it stands since."""

    decision: Decision
    duplicate: bool
    """This event was recorded before, and took nothing now."""


async def check(work: Work, feature_key: str, quantity: int | None = None) -> Decision:
    """Say whether this unit's project may use the feature, and why. A no is an answer.

    `quantity` is in millionths: see `Question`. Raises FeatureNotFound for what no plan could give.
    """
    feature = await resolving.feature(work, feature_key)
    return await decide_now(work, feature, await resolving.held_by(work), quantity)


async def decide_now(
    work: Work, feature: Feature, held: Held, quantity: int | None = None
) -> Decision:
    """Decide by what is held now and was used until now."""
    asked = await question(work, feature, quantity)
    grants = held.grants(feature.key, feature.kind, work.now)
    stand = await standings(work, feature, grants)
    return decide(asked, stand, holds_plan=bool(held.active(work.now)))


async def require(
    work: Work, project_id: str, feature_key: str, quantity: Decimal | int | None = None
) -> Decision:
    """Insist that the project may use the feature: for whatever is only for those who have it.

    Raises FeatureMissing or LimitReached, where waiting does not help, and QuotaExhausted with the
    instant from which it does; each names the plan that would allow it.
    """
    here = work.within(project_id)
    asked = None if quantity is None else millionths(Decimal(quantity))
    decision = await check(here, feature_key, asked)
    if not decision.allowed:
        raise await upgrading.refusal(here, decision)
    return decision


async def use(work: Work, feature_key: str, event: metering.Event) -> Used:
    """Record one use of a quota's feature, or refuse it; of those who race for the last, one wins.

    The event is recorded first and what it comes to is compared then, so that it counts as its
    meter reads it, and as little as a duplicate does. A refusal takes the event back with the unit.
    """
    feature = await resolving.feature(work, feature_key)
    if feature.kind is not FeatureKind.QUOTA or feature.meter_key is None:
        raise FeatureNotMetered(feature.key, feature.kind.value)
    await _take_turn(work, feature.meter_key)
    held = await resolving.held_by(work)
    grants = held.grants(feature.key, feature.kind, work.now)
    before = await standings(work, feature, grants)
    asked = await question(work, feature, None)
    [verdict] = await metering.record(work, [event])
    if verdict.error:
        raise verdict.error
    duplicate = verdict.status is metering.Status.DUPLICATE
    after = before if duplicate else await standings(work, feature, grants)
    if duplicate or any(each.is_within for each in after):
        holds = bool(held.active(work.now))
        return Used(decide(asked, after, holds_plan=holds), duplicate)
    if not any(each.grant.allowance.is_on for each in before):
        decision = decide(asked, before, holds_plan=bool(held.active(work.now)))
    else:
        decision = exceeded(asked, before, after)
    raise await upgrading.refusal(work, decision)


async def _take_turn(work: Work, meter_key: str) -> None:
    """Wait until nobody else uses what this meter counts of the project, and keep them waiting.

    By meter, because two features may be counted by one. The sums that an event is added to make
    others wait as well, but only those who add to the same quarter hour.
    """
    t, turn = tables.turns.c, {"project_id": work.project_id, "meter_key": meter_key}
    await insert_if_absent(work, tables.turns, turn)
    mine = t.project_id == work.project_id, t.meter_key == meter_key
    await work.execute(select(t.meter_key).where(*mine).with_for_update())
