"""Begin to collect an invoice: the intent is written down, and a job is left that asks for it."""

from core import invoicing, payments
from core.bills import InvoiceNotInState
from core.collecting import concluding, events, finding
from core.collecting.model import OWED, Attempt, State
from core.collecting.paying import collect_invoice
from core.db.work import Work
from core.jobs import Errand, enqueue
from core.kernel.money import Money

REPLACED = "replaced"


async def collect(
    work: Work, invoice_id: str, *, method_id: str | None = None, anew: bool = False
) -> Attempt:
    """Begin an attempt to have an invoice paid, or return the one that is under way.

    By the kept method that is named, else the project's default, else by a page that its owner and
    admins are mailed. `anew`: a page that waits for somebody is closed, and tried without it.
    Raises InvoiceNotInState where nothing is owed.
    """
    invoice = await owed(work, invoice_id)
    before = await finding.open_of(work, invoice_id)
    if before is not None:
        if not anew or before.state is not State.NEEDS_ACTION:
            return before
        await concluding.leave(work, before, REPLACED, "It is tried in another way.")
    attempt_id = finding.new_id(work)
    wanted = {"state": str(State.PAYING), "wanted_method_id": method_id}
    attempt = await finding.write(work, invoice, attempt_id, **wanted)
    await payments.expect(work, payments.Sale.of_invoice(invoice.id, attempt_id, due(invoice)))
    errand = errand_of(work.project_id, attempt_id)
    await enqueue(work, errand.job, key=errand.key, **errand.arguments)
    work.record(str(State.PAYING), attempt_id)
    await events.tell(work, events.BEGUN, attempt)
    return attempt


async def owed(work: Work, invoice_id: str) -> invoicing.Invoice:
    """Lock an invoice of which something is due. Raises InvoiceNotInState."""
    invoice = await invoicing.find(work, invoice_id, lock=True)
    if invoice.state not in OWED or invoice.figures.due <= 0:
        allowed = ", ".join(OWED)
        raise InvoiceNotInState(invoice.id, str(invoice.state), "collect", allowed)
    return invoice


def due(invoice: invoicing.Invoice) -> Money:
    return Money(invoice.figures.due, invoice.asset)


def errand_of(project_id: str, attempt_id: str) -> Errand:
    """Name the job that asks the provider."""
    return Errand(
        job=collect_invoice,
        key=attempt_id,
        project_id=project_id,
        arguments={"attempt_id": attempt_id},
    )
