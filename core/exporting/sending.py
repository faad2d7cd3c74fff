"""Send copies to the provider, with no unit open, and write down what came of each.

A few go one by one, each with an answer of its own. Many, and what may have been sent before, go
in a stream, which drops a repeated identifier and reports later what it could not count.
"""

from collections.abc import Sequence

from sqlalchemy import update

from core import payments
from core.db.work import Work
from core.exporting import tables
from core.exporting.model import CODE_MAX, REASON_MAX, Copy, CopyState, Rejection
from core.jobs import JobContext
from core.kernel.errors import EngineError, Kind

ALONE_MAX = 5
"""More than so many go in a stream."""
STREAM_MAX = 100
Answer = tuple[Copy, Rejection | None]


async def send(context: JobContext, copies: Sequence[Copy], *, again: bool = False) -> None:
    """Send these, at most STREAM_MAX. What is not answered stays as it is, and its error is raised.

    What failed at the provider under an event's own key would fail there for a day; so whatever is
    sent `again` goes another way, under the same identifier.
    """
    gateway: payments.Usage = context.port("gateway")
    is_stream = again or len(copies) > ALONE_MAX
    if is_stream and await _streamed(gateway, copies):
        answers: list[Answer] = [(each, None) for each in copies]
        failed = None
    else:
        answers, failed = await _one_by_one(gateway, copies)
    if answers:
        async with context.begin() as work:
            await close(work, answers)
    if failed:
        raise failed


async def _streamed(gateway: payments.Usage, copies: Sequence[Copy]) -> bool:
    """Tell whether the provider took them all; if not, which it does not take must be found out."""
    try:
        await gateway.stream_usage([each.draft for each in copies])
    except EngineError as error:
        if error.kind is Kind.BUSY:
            raise
        return False
    return True


async def _one_by_one(
    gateway: payments.Usage, copies: Sequence[Copy]
) -> tuple[list[Answer], EngineError | None]:
    answers: list[Answer] = []
    for each in copies:
        try:
            await gateway.send_usage(each.draft)
        except EngineError as error:
            if error.kind is Kind.BUSY:
                return answers, error
            answers.append((each, _rejection(error)))
        else:
            answers.append((each, None))
    return answers, None


def _rejection(error: EngineError) -> Rejection:
    if isinstance(error, payments.ProviderRefused):
        return Rejection(error.provider_code or error.code, error.reason)
    return Rejection(error.code, str(error))


async def close(work: Work, answers: Sequence[Answer]) -> None:
    """Write down what came of a project's copies, unless its report of them was here first."""
    c = tables.copies.c
    for copy, rejection in answers:
        if rejection:
            await reject(work, copy, rejection)
    sent = [copy.event_id for copy, rejection in answers if rejection is None]
    if sent:
        this = (
            c.project_id == answers[0][0].project_id,
            c.event_id.in_(sent),
            c.state == str(CopyState.WAITING),
        )
        values = {"state": str(CopyState.SENT), "closed_at": work.now}
        await work.execute(update(tables.copies).where(*this).values(values))


async def reject(work: Work, copy: Copy, rejection: Rejection) -> bool:
    """Mark a copy as not counted, once. Tell whether it was not marked so before."""
    c = tables.copies.c
    this = (
        c.project_id == copy.project_id,
        c.event_id == copy.event_id,
        c.state != str(CopyState.REJECTED),
    )
    values = {
        "state": str(CopyState.REJECTED),
        "closed_at": work.now,
        "code": rejection.code[:CODE_MAX],
        "reason": rejection.reason[:REASON_MAX],
    }
    return (await work.execute(update(tables.copies).where(*this).values(values))).rowcount == 1
