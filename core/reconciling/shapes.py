"""What is sent to the operations on reconciliations, and what they answer."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from core.operations.fields import Identifier, When
from core.operations.operation import PageRequest, Request, Result

ReconciliationId = Annotated[str, Identifier("rcn")]


class ReconcilePayments(Request):
    start_at: When | None = Field(
        None, description="Compare what was made since then; two days ago if left out."
    )
    end_at: When | None = Field(None, description="And before then; now if left out.")


class ReconciliationRequest(Request):
    reconciliation_id: ReconciliationId


class ListReconciliations(PageRequest):
    pass


class ListDifferences(PageRequest):
    reconciliation_id: ReconciliationId


class ReconciliationView(Result):
    id: str
    state: Literal["running", "clean", "different", "failed"]
    start_at: datetime
    end_at: datetime
    counts: dict[str, int]
    """How many of each were compared; of events, how many had not reached us."""
    differences: int
    error: str | None
    asked_by: str
    created_at: datetime
    finished_at: datetime | None


class ReconciliationList(Result):
    items: list[ReconciliationView]
    next_cursor: str | None


class DifferenceView(Result):
    number: int
    kind: Literal["missing_here", "missing_there", "amount", "status"]
    object: str
    about_project_id: str | None
    our_id: str | None
    provider_id: str | None
    ours: str | None
    theirs: str | None


class DifferenceList(Result):
    items: list[DifferenceView]
    next_cursor: str | None
