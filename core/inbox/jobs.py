"""What the inbox does later: have an event handled, again after each failure, then park it."""

import logging

from core.inbox.errors import HandledElsewhere, NotSettled, Overtaken
from core.inbox.finding import find_event
from core.inbox.hearing import Handler, Hearing
from core.inbox.model import Event, State
from core.inbox.settling import note_failure
from core.jobs import JobContext, Retry, job
from core.kernel.caller import SYSTEM

HANDLERS = "handlers"
"""The port under which the wiring gives the handlers by their types."""
RETRY = Retry(attempts=12, first_seconds=2, factor=3, seconds_max=3600)
"""About five hours: what is missing by then is for a person, or for the reconciliation."""
HEARINGS_MAX = 3
"""How often in one attempt an event is heard whose object changed while it was being read."""

logger = logging.getLogger(__name__)


@job("handle_event", outside=True, retry=RETRY, failed=note_failure)
async def handle_event(context: JobContext, *, source: str, external_id: str, replays: int) -> None:
    """Have the event handled by whoever handles its type; without one it is kept, and ignored."""
    async with context.database.read(SYSTEM) as work:
        event = await find_event(work, source, external_id)
    if event is None or event.replays != replays or event.state in {State.HANDLED, State.IGNORED}:
        return  # done before: by an attempt whose worker then died, or by a later replay
    handler: Handler = context.port(HANDLERS).get(event.type, _ignore)
    try:
        await _hear(context, event, handler)
    except HandledElsewhere:
        logger.info("event %s was settled by another unit", external_id)


async def _hear(context: JobContext, event: Event, handler: Handler) -> None:
    for remaining in reversed(range(HEARINGS_MAX)):
        hearing = Hearing(event, context)
        try:
            await handler(hearing)
        except Overtaken:
            if not remaining:
                raise
        else:
            if not hearing.is_settled:
                raise NotSettled
            return


async def _ignore(hearing: Hearing) -> None:
    async with hearing.begin() as work:
        await hearing.ignored(work)
