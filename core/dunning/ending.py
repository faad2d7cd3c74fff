"""How a run ends: it was paid, or stopped, or its campaign is over. Nothing of it leaves after."""

from core import invoicing
from core.campaigns import Outcome, State, Step
from core.db.work import Work
from core.dunning import events, keeping
from core.dunning.keeping import Run


async def close(
    work: Work, run: Run, outcome: Outcome, *, step: Step | None = None, **told: str | None
) -> None:
    """End a run that is locked. What was planned is dropped, and the log says why."""
    await keeping.drop_rest(work, run)
    over = {
        "state": str(State.CLOSED),
        "outcome": str(outcome),
        "closed_at": work.now,
        "asked_at": None,
    }
    await keeping.change(work, run, **over)
    await keeping.note(work, run, "ended", step=step, outcome=str(outcome), **told)
    work.record("ended", run.id)
    facts = {"invoice_id": run.invoice_id, "outcome": str(outcome)}
    await events.tell(work, events.ENDED, run.id, **facts, **told)


async def close_if_settled(work: Work, run: Run, invoice: invoicing.Invoice) -> bool:
    """End a run whose invoice is not owed any more, before anything else of it is done."""
    match invoice.state:
        case invoicing.State.PAID:
            # Whether an attempt paid it, the event tells that is on its way. Nothing leaves now.
            await close(work, run, Outcome.PAID_ELSEWHERE)
        case invoicing.State.VOID | invoicing.State.DRAFT:
            await close(work, run, Outcome.VOIDED)
        case invoicing.State.UNCOLLECTIBLE:
            await close(work, run, Outcome.GIVEN_UP)
        case invoicing.State.OPEN:
            return False
    return True
