"""Have an event handled again: one that was parked, one that waits, or one that was handled."""

from sqlalchemy import update

from core import jobs
from core.db.work import Work
from core.inbox import tables
from core.inbox.finding import find_event
from core.inbox.jobs import handle_event
from core.inbox.model import Event, State, job_key

OPEN = {State.WAITING, State.PARKED}


async def replay(work: Work, source: str, external_id: str) -> Event | None:
    """Have the event handled now, with all its attempts; return it as it then is, or None.

    Its effects carry references that are unique for ever, so what it brought about before is found
    and not done twice. What waits keeps its job; what was settled gets another one.
    """
    event = await find_event(work, source, external_id)
    if event is None:
        return None
    key = job_key(source, external_id, event.replays)
    # The job first and then the event: in this order whoever handles it takes them too.
    waits = event.state in OPEN and await jobs.again(work, handle_event, key)
    locked = await find_event(work, source, external_id, lock=True)
    if locked is None:
        return None
    replays = locked.replays
    if locked.state in OPEN and replays != event.replays:
        return locked  # somebody else had it replayed in the meantime
    if locked.state not in OPEN or not waits:
        replays += 1
        named = {"source": source, "external_id": external_id, "replays": replays}
        key = job_key(source, external_id, replays)
        await jobs.enqueue_all(work, handle_event, {key: named})
    e = tables.events.c
    change = update(tables.events).where(e.source == source, e.external_id == external_id)
    afresh = {"attempt": 0, "error": None, "handled_at": None, "ignored_at": None}
    await work.execute(change.values(afresh | {"parked_at": None, "replays": replays}))
    work.record("replayed", external_id)
    return await find_event(work, source, external_id)
