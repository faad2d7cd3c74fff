"""Movements by the database's statement, against the same worked out line by line."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from random import Random
from typing import Any, NamedTuple

import pytest
from sqlalchemy import insert

from core.kernel.caller import SYSTEM
from core.kernel.ids import compose
from core.kernel.money import Asset
from core.kernel.period import Period
from core.proration import Interval, Unit
from core.revenue.model import Kind, Moved, monthly
from core.revenue.movements import moved, movements
from core.subscriptions import tables
from tests.core.subscriptions.counter import day
from tests.world import World

pytestmark = pytest.mark.anyio

USD, EUR = Asset("USD", 2), Asset("EUR", 2)
BOUNDS = [day(each) for each in ("2026-02-01", "2026-03-01", "2026-04-01", "2026-05-01")]
INTERVALS = [Interval(Unit.MONTH), Interval(Unit.YEAR), Interval(Unit.WEEK, 2), Interval(Unit.DAY)]
FIRST, DAYS = day("2026-01-01"), 150


class Line(NamedTuple):
    """What recurs of one subscription from some time on."""

    project: int
    subscription: int
    revision: int
    at: datetime
    amount: int
    interval: Interval


def lives(seed: int) -> list[Line]:
    """Make histories nobody chose: late lines that count from earlier, ends, and new beginnings."""
    random, lines = Random(seed), []  # noqa: S311 - lives, and no secrets
    for subscription in range(1, 41):
        at = FIRST + timedelta(days=random.randrange(DAYS))
        for revision in range(1, random.randrange(1, 7)):
            amount = random.choice((0, 0, 1000, 1001, 2600, 12_000))
            interval = random.choice(INTERVALS)
            lines.append(Line(1 + subscription % 15, subscription, revision, at, amount, interval))
            at += timedelta(days=random.randrange(-10, 40), hours=random.choice((0, 5)))
            # Some count from the very instant at which a span begins.
            at = random.choice((at, at, at, random.choice(BOUNDS)))
    return lines


def worth(lines: Sequence[Line], at: datetime) -> Fraction:
    """Say what counts at an instant: the last line that counts from before it."""
    counting = [each for each in lines if each.at < at]
    last = max(counting, key=lambda each: each.revision, default=None)
    return monthly(last.amount, last.interval) if last else Fraction(0)


def paid_before(lines: Sequence[Line], at: datetime) -> bool:
    """Tell whether there ever was something, as far as it was not overtaken."""
    instants = {each.at + timedelta(microseconds=1) for each in lines if each.at < at}
    return any(worth(lines, each) for each in instants)


class Moves(NamedTuple):
    kinds: dict[tuple[int, int], tuple[Kind, Fraction, Fraction]]
    start: Fraction
    paying: int


def worked_out(lines: Sequence[Line], start: datetime, end: datetime) -> Moves:
    """Compare the two instants, subscription by subscription, and call each by its project."""
    projects: dict[int, dict[int, list[Line]]] = defaultdict(lambda: defaultdict(list))
    for each in lines:
        projects[each.project][each.subscription].append(each)
    kinds, total, paying = {}, Fraction(0), 0
    for project, own in projects.items():
        before = {key: worth(of, start) for key, of in own.items()}
        after = {key: worth(of, end) for key, of in own.items()}
        total, paying = total + sum(before.values()), paying + any(before.values())
        for key in own:
            by = after[key] - before[key]
            if by > 0 and not any(before.values()):
                old = any(paid_before(of, start) for of in own.values())
                kind = Kind.REACTIVATION if old else Kind.NEW
            elif by < 0 and not any(after.values()):
                kind = Kind.CHURN
            elif by:
                kind = Kind.EXPANSION if by > 0 else Kind.CONTRACTION
            else:
                continue
            kinds[project, key] = kind, before[key], after[key]
    return Moves(kinds, total, paying)


async def keep(world: World, lines: Sequence[Line], asset: Asset = USD) -> None:
    history: list[dict[str, Any]] = [
        {
            "project_id": compose("prj", each.project),
            "subscription_id": compose("sub", each.subscription),
            "revision": each.revision,
            "verb": "change",
            "before": "active",
            "after": "active" if each.amount else "canceled",
            "effective_at": each.at,
            "done_at": each.at,
            "done_by": "system",
            "why": None,
            "told": {},
            "recurring": each.amount,
            "interval_unit": str(each.interval.unit),
            "interval_count": each.interval.count,
        }
        for each in lines
    ]
    first = {each.subscription: each for each in reversed(lines)}
    rows = [subscription(each, asset) for each in first.values()]
    async with world.database.begin(SYSTEM) as work:
        await work.execute(insert(tables.subscriptions), rows)
        await work.execute(insert(tables.history), history)


def subscription(line: Line, asset: Asset) -> dict[str, Any]:
    """Make a row of a subscription that is over: of it, only its currency counts here."""
    at = {"anchor_at", "period_start_at", "period_end_at", "starts_at", "ended_at"}
    return {
        "project_id": compose("prj", line.project),
        "id": compose("sub", line.subscription),
        "product_key": "app",
        "state": "canceled",
        "revision": 1,
        "choice": {},
        "asset": str(asset),
        "time_zone": "UTC",
        "interval_unit": "month",
        "interval_count": 1,
        "discounts": [],
        "at_trial_end": "expire",
        **{name: FIRST + timedelta(seconds=line.subscription) for name in at},
        "created_at": FIRST,
        "updated_at": FIRST,
    }


async def test_movements_are_what_two_instants_of_every_subscription_differ_by(
    world: World,
) -> None:
    lines = [
        each._replace(project=each.project + 20 * n, subscription=each.subscription + 50 * n)
        for n in range(5)
        for each in lives(n)
    ]
    await keep(world, lines)
    euros = Line(1, 999, 1, BOUNDS[0], 5000, INTERVALS[0])
    await keep(world, [euros], EUR)

    async with world.database.read(SYSTEM) as work:
        found = await moved(work, USD, BOUNDS)
        other = await moved(work, EUR, BOUNDS)
        period = Period(BOUNDS[0], BOUNDS[1])
        listed = await movements(work, USD, period, after=None, limit=1000)
        halfway = listed[len(listed) // 2]
        rest = await movements(
            work, USD, period, after=(halfway.project_id, halfway.subscription_id), limit=1000
        )

    expected = [worked_out(lines, BOUNDS[n], BOUNDS[n + 1]) for n in range(3)]
    assert found == [told(each) for each in expected]
    assert set(found[0].by) == set(Kind)
    # They sum to the change, exactly.
    assert [each.end for each in found[:-1]] == [each.start for each in found[1:]]
    assert found[-1].end == found[0].start + sum(sum(each.by.values()) for each in found)
    assert other == [Moved(by={Kind.NEW: Fraction(5000)}, projects={Kind.NEW: 1}), *other[1:]]
    assert {
        (each.project_id, each.subscription_id): (each.kind, each.before, each.after)
        for each in listed
    } == {
        (compose("prj", project), compose("sub", key)): each
        for (project, key), each in expected[0].kinds.items()
    }
    assert rest == listed[len(listed) // 2 + 1 :]


def told(moves: Moves) -> Moved:
    by: dict[Kind, Fraction] = defaultdict(Fraction)
    projects: dict[Kind, set[int]] = defaultdict(set)
    for (project, _), (kind, before, after) in moves.kinds.items():
        by[kind] += after - before
        projects[kind].add(project)
    counted = {kind: len(each) for kind, each in projects.items()}
    return Moved(moves.start, dict(by), counted, moves.paying)
