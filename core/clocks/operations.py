"""What platform operators can do with the time of a project in test mode."""

from datetime import datetime
from typing import Any

from core import projects
from core.clocks import advancing, keeping
from core.clocks.errors import (
    ClockAhead,
    ClockExists,
    ClockGoesForward,
    ClockNotFound,
    ClockTooFar,
    NotInTestMode,
    TooManyClocks,
)
from core.clocks.model import Clock, InTestMode, later
from core.clocks.shapes import AdvanceClock, ClockView, CreateClock, DeleteClock, GetClock
from core.db.work import Work
from core.jobs import Errand
from core.kernel.caller import PlatformRole, Role
from core.operations.errors import ClockAdvancing, invalid
from core.operations.given import given
from core.operations.hastening import Afterwards
from core.operations.operation import Effect, Example, operation
from core.operations.scopes import Toolset


def _view(clock: Clock) -> ClockView:
    return ClockView(
        project_id=clock.project_id,
        shows_at=clock.shows_at,
        advancing_to=clock.goal_at,
        advance_id=clock.advance_id,
        steps=clock.steps,
        stopped_because=clock.stopped_because,
        created_at=clock.created_at,
    )


def _errand(clock: ClockView, _now: datetime) -> Errand | None:
    if clock.advancing_to is None or clock.advance_id is None:
        return None
    return advancing.errand_of(clock.project_id, clock.advance_id)


async def _anew(work: Work, _clock: ClockView) -> ClockView:
    return _view(await keeping.find(work))


@operation(
    "POST /v1/projects/{project_id}/test-clock",
    title="Create test clock",
    toolset=Toolset.PROJECTS,
    effect=Effect.CREATE,
    platform=PlatformRole.OPERATOR,
    raises=(projects.ProjectNotFound, NotInTestMode, ClockExists, TooManyClocks),
    examples=(Example(title="To try out a year", arguments={}),),
)
async def create_test_clock(work: Work, request: CreateClock) -> ClockView:
    """Give a project a clock of its own, to try out in seconds what happens in months.

    It shows the present and stands still until advance_test_clock. Only in test mode, for
    platform operators. Everything about the project then goes by this clock, and nothing of any
    other project does. Keys, the trail and the payment provider stay in real time.
    """
    if given(InTestMode) is None:
        raise NotInTestMode
    return _view(await advancing.create(work))


@operation(
    "POST /v1/projects/{project_id}/test-clock/advance",
    title="Advance test clock",
    toolset=Toolset.PROJECTS,
    effect=Effect.CHANGE,
    platform=PlatformRole.OPERATOR,
    raises=(
        projects.ProjectNotFound,
        NotInTestMode,
        ClockNotFound,
        ClockAdvancing,
        ClockGoesForward,
        ClockTooFar,
    ),
    examples=(
        Example(title="Two months", arguments={"by": {"months": 2}}),
        Example(title="To a day", arguments={"to": "2027-03-01T00:00:00Z"}),
    ),
    afterwards=Afterwards(errand=_errand, answer=_anew),
)
async def advance_test_clock(work: Work, request: AdvanceClock) -> ClockView:
    """Take a project's test clock forward, doing on the way whatever falls due, each at its time.

    Say `to` or `by`. Renewals, invoices, revenue and expiry happen in order, as if the time had
    passed. While `advancing_to` is set it goes on: ask get_test_clock. Until it is done no other
    call may change the project. Never back, and five years at most at once.
    """
    if given(InTestMode) is None:
        raise NotInTestMode
    if (request.to is None) == (request.by is None):
        raise invalid("to", "say either `to` or `by`, and not both")
    goal_at = request.to
    if request.by is not None:
        zone = await projects.time_zone_of(work, work.project_id)
        goal_at = later((await keeping.find(work)).shows_at, request.by.told, zone)
    assert goal_at, "one of them was said"
    return _view(await advancing.begin(work, goal_at))


@operation(
    "GET /v1/projects/{project_id}/test-clock",
    title="Get test clock",
    toolset=Toolset.PROJECTS,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    raises=(projects.ProjectNotFound, ClockNotFound),
    examples=(Example(title="What time it is for us", arguments={}),),
)
async def get_test_clock(work: Work, request: GetClock) -> ClockView:
    """Tell what a project's test clock shows, and how far it is if it is being advanced."""
    return _view(await keeping.find(work))


@operation(
    "DELETE /v1/projects/{project_id}/test-clock",
    title="Delete test clock",
    toolset=Toolset.PROJECTS,
    effect=Effect.DESTROY,
    platform=PlatformRole.OPERATOR,
    raises=(projects.ProjectNotFound, ClockNotFound, ClockAdvancing, ClockAhead),
    examples=(Example(title="Back to real time", arguments={}),),
)
async def delete_test_clock(work: Work, request: DeleteClock) -> ClockView:
    """Let a project go by real time again, and tell what its clock showed.

    Refused while the clock is ahead of real time, because time never goes back for a project: make
    a new project instead.
    """
    return _view(await advancing.delete(work))


OPERATIONS: tuple[Any, ...] = (
    create_test_clock,
    get_test_clock,
    advance_test_clock,
    delete_test_clock,
)
