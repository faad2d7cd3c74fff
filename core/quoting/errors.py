"""Why quoting says no."""

from dataclasses import dataclass

from core.kernel.errors import EngineError, Kind


@dataclass(eq=False)
class TooManyEvents(EngineError):
    """{meter_key} has more than {events_max} events then, and its price looks at each of them.

    Ask for a shorter period.
    """

    code = "too_many_events"
    kind = Kind.INVALID
    meter_key: str
    events_max: int
