"""Ask for the money of an invoice again, and know with what it would be paid."""

from core import collecting, payers
from core.campaigns import Step
from core.db.work import Work
from core.dunning import keeping
from core.dunning.keeping import Run


async def method(work: Work) -> payers.MethodRecord | None:
    """Return what the unit's project would pay with now."""
    return await payers.method_for(work, None)


async def ask(
    work: Work, run: Run, step: Step | None = None, *, why: str, anew: bool = False
) -> str:
    """Have the invoice collected once this unit is committed; return how the step went.

    What was declined for good is not tried again with the same method. `anew` takes the place of a
    page that waits for somebody. Call with the run locked.
    """
    paying = await method(work)
    if paying is None:
        await keeping.note(work, run, "not_tried", step=step, why="no_method")
        return "no_method"
    if paying.id == run.refused_method_id:
        await keeping.note(work, run, "not_tried", step=step, why="declined_for_good")
        return "declined_for_good"
    attempt = await collecting.collect(work, run.invoice_id, method_id=paying.id, anew=anew)
    if attempt.state is collecting.State.NEEDS_ACTION:
        # Somebody is asked for already, and may be paying on that page this very moment.
        await keeping.note(work, run, "not_tried", step=step, why="page_is_open")
        return "page_is_open"
    await keeping.change(work, run, method_id=paying.id, asked_at=work.now)
    told = {"why": why, "method_id": paying.id}
    await keeping.note(work, run, "tried", step=step, attempt_id=attempt.id, **told)
    return "done"
