"""What a caller can ask to be printed."""

import base64
from typing import Annotated

from pydantic import Field

from core import projects
from core.db.work import Work
from core.kernel.caller import PlatformRole, Role
from core.operations.fields import Line
from core.operations.given import given
from core.operations.operation import Effect, Example, ProjectRequest, Result, operation
from core.operations.scopes import Toolset
from core.printing.errors import DocumentNotFound, PrintingNotSetUp
from core.printing.printing import page, printed
from core.printing.renderer import Printer

DocumentId = Annotated[str, Line(40, r"^(invc|crn)_[0-7][0-9a-hjkmnp-tv-z]{25}$")]


class GetInvoicePdf(ProjectRequest):
    document_id: DocumentId = Field(
        examples=["invc_01jd3x8k5vq2m7r9t4w6y0z1ab"],
        description="An invoice's id, or a credit note's.",
    )


class InvoicePdf(Result):
    number: str
    filename: str
    content_base64: str
    sha256: str
    """Of the file, in hexadecimal."""
    is_as_printed_first: bool | None
    """Null where nobody has printed it before."""


@operation(
    "GET /v1/projects/{project_id}/documents/{document_id}/pdf",
    title="Get invoice PDF",
    toolset=Toolset.PAYMENTS,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    raises=(projects.ProjectNotFound, DocumentNotFound, PrintingNotSetUp),
    examples=(
        Example(title="One invoice", arguments={"document_id": "invc_01jd3x8k5vq2m7r9t4w6y0z1ab"}),
    ),
)
async def get_invoice_pdf(work: Work, request: GetInvoicePdf) -> InvoicePdf:
    """Get an invoice or a credit note that was issued as a PDF, in the customer's language.

    The same document gives the same bytes, whose hash is kept from the first time on. A draft has
    no PDF.
    """
    printer = given(Printer)
    if printer is None:
        raise PrintingNotSetUp
    made = await page(work, request.document_id, printer.renderer)
    before = await printed(work, request.document_id)
    return InvoicePdf(
        number=made.number,
        filename=f"{made.number}.pdf",
        content_base64=base64.b64encode(made.content).decode(),
        sha256=made.sha256.hex(),
        is_as_printed_first=before[1] == made.sha256 if before else None,
    )


OPERATIONS = (get_invoice_pdf,)
