"""What is told, who may listen, and the port to whatever carries it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any, Protocol

from core.db.work import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened, in the past tense. It may arrive twice, and then has the same id."""

    id: str
    project_id: str
    """`core.db.schema.PLATFORM` when it is about no project."""
    type: str
    object_id: str
    occurred_at: datetime
    data: Mapping[str, Any]
    invocation_id: str | None = None
    """The call that caused it: the trail's row says who asked, by which request and trace."""


Handler = Callable[[Work, Event], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Subscription:
    """A consumer: its stable name, the types it wants (`usage.*`), and what it does with one.

    The name is remembered with each event it has consumed; renaming it would consume them again.
    """

    consumer: str
    types: tuple[str, ...]
    handle: Handler

    def wants(self, type: str) -> bool:
        return any(fnmatchcase(type, pattern) for pattern in self.types)


class Broker(Protocol):
    """Carries events to those who want them, at least once each."""

    def wants(self, type: str) -> bool:
        """Tell whether anybody may want events of this type: others need not be published."""

    async def publish(self, events: Sequence[Event]) -> Mapping[str, str]:
        """Take the events in this order; answer why for each id that was not taken.

        Raises NotTaken when none of them was certainly taken. What was not taken is offered again.
        """
