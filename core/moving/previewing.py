"""Say what a migration would change, project by project, before anything is moved."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from core import entitlements
from core.catalog import FeatureKind
from core.db.work import Work
from core.entitlements import Allowance, Held, Version, generosity, most_generous
from core.moving.migrating import Route


class Effect(StrEnum):
    GAINED = "gained"
    LOST = "lost"
    RAISED = "raised"
    LOWERED = "lowered"


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one feature."""

    feature_key: str
    effect: Effect
    before: Allowance | None
    after: Allowance | None
    used: int | None = None
    """Of a quota, in the window as it would be."""

    @property
    def is_over(self) -> bool:
        """Tell whether more is used already than there would be."""
        most = self.after.most if self.after and self.after.is_on else None
        return self.used is not None and most is not None and self.used > most


@dataclass(frozen=True, slots=True)
class Preview:
    """What a migration would change for one project; nothing, where nothing changes."""

    project_id: str
    changes: Sequence[Change]


async def preview(work: Work, there: Route, after: str | None, limit: int) -> list[Preview]:
    """Return what would change for the projects that hold the version, by their ids."""
    found = await entitlements.Holders().after(work, there.start.id, after, limit)
    return [await _of(work.within(each), there) for each in found]


async def _of(work: Work, there: Route) -> Preview:
    held, goal = await entitlements.held_by(work), Version.of(there.goal)
    [now] = [each for each in held.active(work.now) if each.version.id == there.start.id]
    then = held.instead(now, goal)
    found = []
    for key in sorted(now.version.given.keys() | goal.given.keys()):
        change = await _change(work, key, held, then)
        if change is not None:
            found.append(change)
    return Preview(work.project_id, found)


async def _change(work: Work, key: str, held: Held, then: Held) -> Change | None:
    """Compare what is given now with what would be, with all other plans and exceptions."""
    feature = await entitlements.find_feature(work, key)
    was = most_generous(held.grants(key, feature.kind, work.now))
    would_be = most_generous(then.grants(key, feature.kind, work.now))
    before = was.allowance if was else None
    after = would_be.allowance if would_be else None
    effect = effect_of(before, after)
    if effect is None:
        return None
    if feature.kind is not FeatureKind.QUOTA:
        return Change(key, effect, before, after)
    counted = would_be if would_be and would_be.allowance.per else was
    [standing] = await entitlements.standings(work, feature, [counted] if counted else [])
    return Change(key, effect, before, after, standing.used)


def effect_of(before: Allowance | None, after: Allowance | None) -> Effect | None:
    """Say what became of what was given; None where it is the same."""
    had, has = bool(before and before.is_on), bool(after and after.is_on)
    if had != has:
        return Effect.GAINED if has else Effect.LOST
    if not (before and after and has) or before == after:
        return None
    # As much, but for another time, is told as less: somebody should look at it.
    return Effect.RAISED if generosity(after) > generosity(before) else Effect.LOWERED
