"""Why a test clock says no."""

from dataclasses import dataclass
from datetime import datetime

from core.kernel.errors import EngineError, Kind


@dataclass(eq=False)
class NotInTestMode(EngineError):
    """This installation takes real money, or none: only one with test keys has test clocks."""

    code = "not_in_test_mode"
    kind = Kind.REFUSED


@dataclass(eq=False)
class ClockNotFound(EngineError):
    """The project {project_id} has no test clock. Give it one with create_test_clock."""

    code = "test_clock_not_found"
    kind = Kind.NOT_FOUND
    project_id: str


@dataclass(eq=False)
class ClockExists(EngineError):
    """The project {project_id} has a test clock already; advance it with advance_test_clock."""

    code = "test_clock_exists"
    kind = Kind.CONFLICT
    project_id: str


@dataclass(eq=False)
class TooManyClocks(EngineError):
    """There are {clocks_max} test clocks already. Take one away with delete_test_clock first."""

    code = "too_many_test_clocks"
    kind = Kind.REFUSED
    clocks_max: int


@dataclass(eq=False)
class ClockGoesForward(EngineError):
    """A test clock only goes forward: it shows {shows_at}, which is not before {asked_at}."""

    code = "test_clock_goes_forward"
    kind = Kind.REFUSED
    shows_at: datetime
    asked_at: datetime


@dataclass(eq=False)
class ClockTooFar(EngineError):
    """One advance goes to {latest_at} at most, and not to {asked_at}: advance it in parts."""

    code = "test_clock_too_far"
    kind = Kind.REFUSED
    asked_at: datetime
    latest_at: datetime


@dataclass(eq=False)
class ClockAhead(EngineError):
    """The project lives in {shows_at}, ahead of real time: what it has then would not have been."""

    code = "test_clock_ahead"
    kind = Kind.REFUSED
    shows_at: datetime


@dataclass(eq=False)
class ClockStuck(EngineError):
    """At {shows_at} {what} falls due again and again. Look into it, then advance the clock."""

    code = "test_clock_stuck"
    kind = Kind.REFUSED
    shows_at: datetime
    what: str
