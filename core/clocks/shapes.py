"""What callers say of test clocks, and what they are told."""

from datetime import datetime

from pydantic import Field

from core.clocks.model import By
from core.operations.fields import When
from core.operations.operation import ProjectRequest, Request, Result

MONTHS_MAX, DAYS_MAX, HOURS_MAX = 60, 1_830, 24 * 366


class CreateClock(ProjectRequest):
    pass


class GetClock(ProjectRequest):
    pass


class DeleteClock(ProjectRequest):
    pass


class ByForm(Request):
    """So much later, added up."""

    months: int = Field(0, ge=0, le=MONTHS_MAX, description="By the project's calendar.")
    days: int = Field(0, ge=0, le=DAYS_MAX, description="By the project's wall clocks.")
    hours: int = Field(0, ge=0, le=HOURS_MAX)

    @property
    def told(self) -> By:
        return By(self.months, self.days, self.hours)


class AdvanceClock(ProjectRequest):
    to: When | None = Field(None, description="Where it goes. Leave out to say `by`.")
    by: ByForm | None = Field(None, description="How far it goes. Leave out to say `to`.")


class ClockView(Result):
    project_id: str
    shows_at: datetime
    """What time it is for the project."""
    advancing_to: datetime | None
    """Null when it stands still."""
    advance_id: str | None
    """The advance that goes on, or the last one."""
    steps: int
    """At how many instants that found something due so far."""
    stopped_because: str | None
    """Why the last advance ended before its goal."""
    created_at: datetime
    """By real time."""
