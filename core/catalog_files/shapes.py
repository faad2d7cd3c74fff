"""What is asked about the catalog as a document, and what is answered."""

from typing import Annotated, Any, Literal

from pydantic import Field

from core.catalog_files.differing import Step, digest_of
from core.catalog_files.yaml_text import CHARACTERS_MAX
from core.operations.operation import Request, Result

STEPS_SHOWN_MAX = 1000
DocumentText = Annotated[
    str,
    Field(
        min_length=1,
        max_length=CHARACTERS_MAX,
        description="YAML, as export_catalog writes it.",
        examples=["catalog: 1"],
    ),
]


class ExportCatalog(Request):
    pass


class PlanCatalog(Request):
    document: DocumentText


class ApplyCatalog(Request):
    document: DocumentText
    expected_digest: str = Field(
        pattern="^[0-9a-f]{32}$", description="From plan_catalog, of what you want to happen."
    )


class ExportedCatalog(Result):
    document: str


class CatalogStep(Result):
    path: str
    action: Literal["create", "update", "publish", "schedule", "draft", "archive"]
    before: Any
    after: Any


class CatalogPlan(Result):
    digest: str
    """Names exactly these changes."""
    count: int
    """How many there are; no more than a thousand are listed."""
    changes: list[CatalogStep]


def plan_view(steps: list[Step]) -> CatalogPlan:
    shown = [
        CatalogStep(path=each.path, action=each.action, before=each.before, after=each.after)
        for each in steps[:STEPS_SHOWN_MAX]
    ]
    return CatalogPlan(digest=digest_of(steps), count=len(steps), changes=shown)
