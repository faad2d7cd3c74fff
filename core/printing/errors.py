"""Why a page is not printed."""

from dataclasses import dataclass

from core.kernel.errors import EngineError, Kind


@dataclass(eq=False)
class DocumentNotFound(EngineError):
    """There is no {document_id}, or it was not issued yet. Call get_invoice to see what was."""

    code = "document_not_found"
    kind = Kind.NOT_FOUND
    document_id: str


@dataclass(eq=False)
class PrintingNotSetUp(EngineError):
    """This installation has nothing that sets pages."""

    code = "printing_not_set_up"
    kind = Kind.REFUSED
