"""Print what was issued, and keep the hash of what was printed first."""

import hashlib
from dataclasses import dataclass

from sqlalchemy import select

from core import invoicing, jobs
from core.db.proving import prove_rows
from core.db.upsert import insert_if_absent
from core.db.work import Work, canonical
from core.jobs import JobContext, job
from core.kernel.ids import renamed
from core.kernel.proving import Proof
from core.messaging import Event, Subscription
from core.printing import tables
from core.printing.errors import DocumentNotFound
from core.printing.renderer import Renderer
from core.printing.sheet import Sheet, sheet_of

PRINTER = "printer"
"""The port's name, for jobs."""
PROTECTED = ("printing_prints",)


@dataclass(frozen=True, slots=True)
class Page:
    number: str
    content: bytes

    @property
    def sha256(self) -> bytes:
        return hashlib.sha256(self.content).digest()


async def page(work: Work, document_id: str, renderer: Renderer) -> Page:
    """Set the page of an invoice or a credit note of the unit's project.

    Nobody outside is asked for it: the same document makes the same bytes. Raises DocumentNotFound.
    """
    number, sheet = await sheet_for(work, document_id)
    return Page(number, renderer.render(sheet))


async def sheet_for(work: Work, document_id: str) -> tuple[str, Sheet]:
    document = await invoicing.find_document(work, document_id)
    if document is None:
        raise DocumentNotFound(document_id)
    about = None
    if document.kind == "credit_note":
        first = await invoicing.find_document(work, document.invoice_id)
        assert first, "a credit note is of an invoice"
        about = str(first.number)
    lines = await invoicing.document_lines(work, document_id)
    return document.number, sheet_of(document, lines, about=about)


async def printed(work: Work, document_id: str) -> tuple[str, bytes] | None:
    """Return what set the page first, and the hash of what came of it; None before."""
    p = tables.prints.c
    query = select(p.renderer, p.sha256).where(
        p.project_id == work.project_id, p.document_id == renamed(document_id, "doc")
    )
    row = (await work.execute(query)).first()
    return (row.renderer, row.sha256) if row else None


@job("print_document", outside=True)
async def print_document(context: JobContext, *, project_id: str, document_id: str) -> None:
    """Print what was issued, and keep the hash of its page. Twice is once."""
    renderer: Renderer = context.port(PRINTER)
    async with context.begin() as work:
        _, sheet = await sheet_for(work.within(project_id), document_id)
    # Setting type takes a while, and holds no lock meanwhile.
    sha256 = hashlib.sha256(renderer.render(sheet)).digest()
    async with context.begin() as work:
        await _keep(work.within(project_id), document_id, renderer.name, sha256)


async def was_issued(work: Work, event: Event) -> None:
    """Have an invoice or a credit note printed, once it was issued."""
    document_id = event.data.get("credit_note_id") or event.object_id
    await jobs.enqueue(
        work,
        print_document,
        key=document_id,
        project_id=event.project_id,
        document_id=document_id,
    )


SUBSCRIPTION = Subscription("printing", ("invoice.finalized", "credit_note.issued"), was_issued)


async def _keep(work: Work, document_id: str, renderer: str, sha256: bytes) -> None:
    row = {
        "project_id": work.project_id,
        "document_id": renamed(document_id, "doc"),
        "renderer": renderer,
        "sha256": sha256,
        "printed_at": work.now,
    }
    signed = row | {"digest": work.digest(*map(canonical, row.values()))}
    await insert_if_absent(work, tables.prints, signed)


async def prove(work: Work, proof: Proof) -> None:
    """Look whether the hash of every page is what was written."""
    await prove_rows(work, proof, tables.prints, "printed pages")
