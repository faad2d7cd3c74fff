"""What a caller can do with the catalog as a document: take it out, compare it, and apply it."""

from core import catalog
from core.catalog_files.applying import apply, lock
from core.catalog_files.contents import Contents
from core.catalog_files.differing import Step, differences, digest_of, impossible
from core.catalog_files.document import Document, read_document
from core.catalog_files.errors import CatalogChanged
from core.catalog_files.shapes import (
    ApplyCatalog,
    CatalogPlan,
    ExportCatalog,
    ExportedCatalog,
    PlanCatalog,
    plan_view,
)
from core.catalog_files.taking import take
from core.catalog_files.wanting import want
from core.catalog_files.writing import write_document
from core.db.work import Work
from core.kernel.caller import PlatformRole
from core.operations.errors import InvalidRequest
from core.operations.operation import Effect, Example, operation
from core.operations.scopes import Toolset

SMALL = """catalog: 1
price_books:
  usd: {name: Dollars, currency: USD/2, is_default: true}
products:
  app: {name: App}
plans:
  pro:
    product: app
    name: Pro
    published:
      items:
      - key: fee
        name: Fee
        kind: recurring
        prices:
          usd: {model: flat, amount: 20}
"""


@operation(
    "GET /v1/catalog/document",
    title="Export catalog",
    toolset=Toolset.CATALOG,
    effect=Effect.READ,
    platform=PlatformRole.AUDITOR,
    raises=(),
    examples=(Example(title="The whole catalog", arguments={}),),
)
async def export_catalog(work: Work, request: ExportCatalog) -> ExportedCatalog:
    """Write the catalog as one YAML document. Platform staff only.

    It holds what is sold, what will be and what is being drafted; archived things and earlier
    versions are left out. The same catalog is always the same text.
    """
    return ExportedCatalog(document=write_document((await take(work)).contents))


@operation(
    "POST /v1/catalog/plan",
    title="Plan catalog",
    toolset=Toolset.CATALOG,
    effect=Effect.READ,
    platform=PlatformRole.AUDITOR,
    raises=catalog.PRICE_REFUSALS,
    examples=(Example(title="A plan with a monthly fee", arguments={"document": SMALL}),),
)
async def plan_catalog(work: Work, request: PlanCatalog) -> CatalogPlan:
    """Say what applying a document would change, by path, and change nothing.

    Things that the document leaves out would be archived. Hand the digest to apply_catalog.
    """
    _, _, steps = await _compared(work, read_document(request.document))
    return plan_view(steps)


@operation(
    "POST /v1/catalog/apply",
    title="Apply catalog",
    toolset=Toolset.CATALOG,
    effect=Effect.DESTROY,
    platform=PlatformRole.OPERATOR,
    raises=(
        CatalogChanged,
        catalog.PlanNotPublishable,
        catalog.ProductInUse,
        *catalog.PRICE_REFUSALS,
    ),
    examples=(
        Example(
            title="What was planned",
            arguments={"document": SMALL, "expected_digest": "0f" * 16},
        ),
    ),
)
async def apply_catalog(work: Work, request: ApplyCatalog) -> CatalogPlan:
    """Make the catalog what a document says, all of it or nothing. Platform operators only.

    Only what plan_catalog showed is done: if the catalog was changed meanwhile, nothing is. Who
    holds a version of a plan keeps it.
    """
    document = read_document(request.document)
    here, there, _ = await _compared(work, document)
    await lock(work, here, there)
    here, there, steps = await _compared(work, document)
    if (digest := digest_of(steps)) != request.expected_digest:
        raise CatalogChanged(digest)
    await apply(work, here, there)
    return plan_view(steps)


async def _compared(work: Work, document: Document) -> tuple[Contents, Contents, list[Step]]:
    stock = await take(work)
    there = await want(work, document, stock)
    if problems := impossible(stock.contents, there, stock.archived):
        raise InvalidRequest([{"field": field, "problem": what} for field, what in problems])
    return stock.contents, there, differences(stock.contents, there)


OPERATIONS = (export_catalog, plan_catalog, apply_catalog)
