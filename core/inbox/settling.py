"""Write down what came of an event, in the unit of its effects or in that of its failure."""

from typing import Literal

from sqlalchemy import update

from core.db.work import Work
from core.inbox import tables
from core.inbox.errors import HandledElsewhere
from core.inbox.model import Event
from core.jobs import Failure


async def settle(work: Work, event: Event, how: Literal["handled_at", "ignored_at"]) -> None:
    """Mark the event in the unit of its effects, which so happen if and only if it is marked.

    Raises HandledElsewhere, which takes the effects back, when another unit marked it, or when it
    was replayed since this handling of it began.
    """
    e = tables.events.c
    this = (
        e.source == event.source,
        e.external_id == event.external_id,
        e.replays == event.replays,
        e.handled_at.is_(None),
        e.ignored_at.is_(None),
    )
    # A parked one that is handled after all, by a worker that was thought dead, is handled.
    changes = {how: work.real_now, "parked_at": None, "error": None}
    if (await work.execute(update(tables.events).where(*this).values(changes))).rowcount != 1:
        raise HandledElsewhere
    work.record(how.removesuffix("_at"), event.external_id)


async def note_failure(
    work: Work, failure: Failure, *, source: str, external_id: str, replays: int
) -> None:
    """Show beside the event why handling it failed, and, after the last attempt, that it waits."""
    e = tables.events.c
    this = (
        e.source == source,
        e.external_id == external_id,
        e.replays == replays,
        e.handled_at.is_(None),
        e.ignored_at.is_(None),
    )
    parked_at = work.real_now if failure.is_last else None
    changes = {"attempt": failure.attempt, "error": failure.error, "parked_at": parked_at}
    await work.execute(update(tables.events).where(*this).values(changes))
