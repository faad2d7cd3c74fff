"""Advance a project's clock: from one due instant to the next, each thing at its own instant.

A unit moves the clock to the next instant at which anything is due, and does what is due then: so
either both happened or neither, and whoever goes on after a crash goes on from there. Before the
next one everything that the last has told and asked for is done: events are heard, and jobs are
run, in the order in which that would have happened. What waits for an attempt in real time, because
it failed or because the provider's clock goes on, is not waited for.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum, auto

from core import audit, jobs, messaging
from core.clocks import keeping
from core.clocks.errors import ClockAhead, ClockGoesForward, ClockStuck, ClockTooFar
from core.clocks.falling_due import CONSUMERS, FALLING_DUE, FallsDue, run_due, waiting
from core.clocks.model import ADVANCE_MAX, Clock
from core.db.work import Work
from core.jobs import Errand, Failure, JobContext, LeaseLost, Retry, Schedule, job
from core.kernel.caller import SYSTEM
from core.kernel.clock import stopwatch
from core.operations.errors import ClockAdvancing
from core.operations.progress import report

STEPS_IN_UNIT = 25
"""Instants in one unit, as long as nobody has to be told of anything in between."""
SAME_MAX = 1_000
"""So often may something be due at one instant: a plan of daily steps that was never run."""
AT_ONCE_SECONDS = 60.0
"""How long other workers are waited for who are at a job of the project."""
LOOK_SECONDS = 0.05
TELLING = frozenset({"published", "enqueued"})

logger = logging.getLogger(__name__)


async def begin(work: Work, goal_at: datetime) -> Clock:
    """Say where the clock of the unit's project goes, and leave the job that takes it there."""
    clock = await keeping.find(work, lock=True)
    if clock.goal_at is not None:
        raise ClockAdvancing(work.project_id)
    if goal_at <= clock.shows_at:
        raise ClockGoesForward(clock.shows_at, goal_at)
    if goal_at > clock.shows_at + ADVANCE_MAX:
        raise ClockTooFar(goal_at, clock.shows_at + ADVANCE_MAX)
    advance_id = work.ids.new("adv")
    begun = {"goal_at": goal_at, "advance_id": advance_id, "steps": 0, "stopped_because": None}
    await keeping.change(work, **begun)
    details = {"shows_at": clock.shows_at.isoformat(), "goal_at": goal_at.isoformat()}
    await audit.record(work, "test_clock.advanced", advance_id, **details)
    errand = errand_of(work.project_id, advance_id)
    await jobs.enqueue(work, errand.job, key=errand.key, **errand.arguments)
    return await keeping.find(work)


async def create(work: Work) -> Clock:
    """Give the unit's project a clock that shows real time, and stands still.

    Until every process knows of it another one may still go by real time: so it shows a moment
    that all of them are past only then.
    """
    settle = timedelta(seconds=work.times.settle_seconds if work.times else 0)
    clock = await keeping.create(work, work.real_now + settle)
    await audit.record(work, "test_clock.created", work.project_id)
    return clock


async def delete(work: Work) -> Clock:
    """Let the unit's project go by real time again, if that is not behind its clock."""
    clock = await keeping.find(work, lock=True)
    if clock.goal_at is not None:
        raise ClockAdvancing(work.project_id)
    if clock.shows_at > work.real_now:
        raise ClockAhead(clock.shows_at)
    await keeping.remove(work)
    await audit.record(work, "test_clock.deleted", work.project_id)
    return clock


def errand_of(project_id: str, advance_id: str) -> Errand:
    """Name the job of an advance."""
    told = {"advance_id": advance_id}
    return Errand(job=advance_clock, key=advance_id, project_id=project_id, arguments=told)


async def _stopped(work: Work, failure: Failure, *, advance_id: str) -> None:
    """Let the clock stand where it came to, and say why, once no further attempt is made."""
    clock = await keeping.find(work, lock=True)
    if failure.is_last and clock.advance_id == advance_id and clock.goal_at is not None:
        await keeping.change(work, goal_at=None, stopped_because=failure.error)


@job(
    "advance_clock",
    outside=True,
    retry=Retry(attempts=4, first_seconds=1, seconds_max=10),
    failed=_stopped,
)
async def advance_clock(context: JobContext, *, advance_id: str) -> None:
    """Take a clock to its goal."""
    times = context.database.times
    # Until then a process that has not looked may let a call decide by the time before.
    await asyncio.sleep(times.settle_seconds if times else 0)
    settling = _Settling(context)
    same, told = _Same(), Told.SOMETHING
    while told is not Told.ARRIVED:
        if told is Told.SOMETHING:
            await settling.settle()
        async with context.begin() as work:
            told = await _advance(work, advance_id, context.port(FALLING_DUE), same)


class Told(Enum):
    """What some steps of an advance have left for others to do."""

    NOTHING = auto()
    SOMETHING = auto()
    ARRIVED = auto()
    """There is no way left to go."""


async def _advance(work: Work, advance_id: str, kinds: Sequence[FallsDue], same: "_Same") -> Told:
    """Go on from instant to instant until something was told."""
    clock = await keeping.find(work, lock=True)
    if clock.advance_id != advance_id or clock.goal_at is None:
        return Told.ARRIVED
    steps, at = clock.steps, clock.shows_at
    for _ in range(STEPS_IN_UNIT):
        due = await waiting(work, kinds)
        first = min((each for each, _ in due), default=None)
        if first is None or first > clock.goal_at:
            await keeping.change(work, shows_at=clock.goal_at, goal_at=None, steps=steps)
            report(1, 1, f"the test clock shows {clock.goal_at.isoformat()}")
            return Told.ARRIVED
        at, steps = max(at, first), steps + 1
        # The row is locked, and written once the unit has come as far as it does.
        keeping.show(work, at)
        same.note(at, await run_due(work, due))
        if _has_told(work):
            break
    await keeping.change(work, shows_at=at, steps=steps)
    if way := clock.goal_at - clock.shows_at:
        gone = same.further((at - clock.shows_at) / way)
        report(gone, 1, f"the test clock shows {at.isoformat()}")
    return Told.SOMETHING if _has_told(work) else Told.NOTHING


def _has_told(work: Work) -> bool:
    return any(each.verb in TELLING for each in work.effects)


class _Same:
    """Counts how often something was due at one instant, and how far the clock has come."""

    def __init__(self) -> None:
        self._at: datetime | None = None
        self._times = 0
        self._left = 1.0

    def note(self, at: datetime, done: Sequence[str]) -> None:
        self._times = self._times + 1 if at == self._at else 1
        self._at = at
        if self._times > SAME_MAX:
            raise ClockStuck(at, ", ".join(done) or "nothing")

    def further(self, part: float) -> float:
        """Add a part of what was left of the way."""
        self._left *= 1 - part
        return 1 - self._left


class _Settling:
    """Has everything heard and done that a project's last step has told and asked for."""

    def __init__(self, context: JobContext) -> None:
        self._context = context
        self._heard: set[str] = set()

    async def settle(self) -> None:
        until = stopwatch() + AT_ONCE_SECONDS
        while True:
            heard = await self._hear()
            others = await self._context.run_others()
            if heard or others.ran:
                continue
            if not others.is_at_work or stopwatch() > until:
                return
            await asyncio.sleep(LOOK_SECONDS)

    async def _hear(self) -> bool:
        """Let the engine hear the project's events now, in their order; the relay tells them on."""
        async with self._context.begin() as work:
            told = await messaging.waiting(work)
        new = [each for each in told if each.id not in self._heard]
        for event in new:
            for consumer in self._context.port(CONSUMERS):
                if consumer.wants(event.type):
                    await messaging.consume(self._context.database, consumer, event)
            self._heard.add(event.id)
        return bool(new)


@job("keep_clocks", outside=True)
async def keep_clocks(context: JobContext) -> None:
    """Do what falls due at the instant at which a clock stands, as for any other project."""
    async with context.database.read(SYSTEM) as work:
        standing = sorted(key for key, own in work.own_times.items() if not own.is_moving)
    for project_id in standing:
        try:
            for _ in range(STEPS_IN_UNIT):
                if not await _keep(context, project_id):
                    break
        except LeaseLost:
            raise
        except Exception:
            logger.exception("what is due by the test clock of project %s failed", project_id)


async def _keep(context: JobContext, project_id: str) -> bool:
    """Do once what is due in a project by its clock, and tell whether anything was."""
    async with context.begin() as work:
        here = work.within(project_id)
        await here.keep_time()
        if here.own_time is None or here.own_time.is_moving:
            return False
        return bool(await run_due(here, await waiting(here, context.port(FALLING_DUE))))


JOBS = (advance_clock,)
SCHEDULES = (Schedule(keep_clocks, every_seconds=15),)
