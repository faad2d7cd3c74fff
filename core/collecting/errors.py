"""Why an invoice is not collected now."""

from dataclasses import dataclass

from core.kernel.errors import EngineError, Kind


@dataclass(eq=False)
class CollectionUnderWay(EngineError):
    """{invoice_id} is being paid by {attempt_id}, which is {attempt_state}. Wait for what comes.

    See list_collection_attempts. A second payment would only have to be given back.
    """

    code = "collection_under_way"
    kind = Kind.CONFLICT
    invoice_id: str
    attempt_id: str
    attempt_state: str
