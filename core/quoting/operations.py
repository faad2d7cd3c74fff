"""What a caller can ask about prices: what would it cost, and why did it cost that."""

from core import explaining, ledger, projects
from core.db.work import Work
from core.kernel.caller import PlatformRole, Role
from core.operations.operation import Effect, Example, operation
from core.operations.scopes import Toolset
from core.quoting import previewing
from core.quoting.explanation_shapes import ExplainCharge, Explanation, explanation_view
from core.quoting.plan_operations import preview_usage_cost, simulate_price_change
from core.quoting.refusals import PRICE_REFUSED, USAGE_REFUSED
from core.quoting.shapes import PreviewPrice, PricePreview


@operation(
    "POST /v1/prices/preview",
    title="Preview price",
    toolset=Toolset.CATALOG,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    raises=(*PRICE_REFUSED, *USAGE_REFUSED),
    examples=(
        Example(
            title="Twelve units, in two tiers",
            arguments={
                "price": {
                    "model": "graduated",
                    "tiers": [
                        {"up_to": "10", "unit": "0.50", "flat": "2"},
                        {"unit": "0.30"},
                    ],
                },
                "quantity": "12",
            },
        ),
        Example(
            title="A fee on three card payments, of which the first is free",
            arguments={
                "price": {
                    "model": "percentage",
                    "percent": "2.9",
                    "fixed": "0.30",
                    "free_events": 1,
                },
                "amounts": ["100", "50", "19.99"],
            },
        ),
    ),
)
async def preview_price(work: Work, request: PreviewPrice) -> PricePreview:
    """Say what usage would cost by any price, line by line, without saving anything.

    The same question always has the same answer. What is wrong with the price is refused with the
    path of the field, such as price.tiers.1.up_to. docs/pricing.md has an example of each model.
    """
    return previewing.preview(request)


@operation(
    "GET /v1/projects/{project_id}/transactions/{transaction_id}/explanation",
    title="Explain charge",
    toolset=Toolset.CATALOG,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    also_scopes=("wallets:read", "metering:read"),
    raises=(projects.ProjectNotFound, ledger.TransactionNotFound),
    examples=(
        Example(
            title="Why was this charged?",
            arguments={"transaction_id": "txn_01jd3x8k5vq2m7r9t4w6y0z1ab"},
        ),
    ),
)
async def explain_charge(work: Work, request: ExplainCharge) -> Explanation:
    """Explain an amount: from a ledger transaction down to the price and the usage events.

    Works for whatever is on a statement: charges, captures, grants, purchases, refunds, transfers,
    reversals and what expired. It is computed anew at this instant and compared with what was
    booked: matches false means that something it was computed from has changed since.
    """
    booked, explained = await explaining.explain(work, request.transaction_id)
    return explanation_view(booked, explained, for_staff=work.caller.is_platform)


OPERATIONS = (preview_price, preview_usage_cost, simulate_price_change, explain_charge)
