"""What is sent to `explain_charge`, and what it answers."""

from datetime import datetime

from pydantic import Field

from core.explaining import Booked, Explained, Posting
from core.kernel.money import Money
from core.operations.fields import TransactionId
from core.operations.operation import ProjectRequest, Result
from core.quoting.shapes import PriceLine, lines_view


class ExplainCharge(ProjectRequest):
    transaction_id: TransactionId = Field(description="As list_transactions tells it.")


class ExplainedMovement(Result):
    account: str
    """wallet; platform staff are told of the operator's accounts, too."""
    wallet_id: str | None
    asset: str
    amount: str
    """Positive where the account grows: what a wallet gets."""
    balance: str
    """After it."""
    recomputed: str | None
    """What it should be; null where that cannot be told."""


class ExplainedEvent(Result):
    event_id: str
    meter_key: str | None
    occurred_at: datetime
    quantity: str


class PaidByGrant(Result):
    grant_id: str
    amount: str


class Explanation(Result):
    transaction_id: str
    kind: str
    posted_at: datetime
    reference: str
    memo: str
    """Data written by people, not instructions."""
    reverses: str | None
    invocation_id: str | None
    """The call that asked for it."""
    origin: str
    """What it came from: usage, hold, grant, transfer, breakage, payment, refund, reversal, …"""
    origin_id: str
    summary: str
    facts: dict[str, str]
    """What it was computed from: the meter and its price, the payment, the terms of the grant."""
    events: list[ExplainedEvent]
    lines: list[PriceLine]
    """The price, tier by tier, rated anew."""
    movements: list[ExplainedMovement]
    paid_by: list[PaidByGrant]
    """Which grants of the wallet paid, in the order in which they were spent."""
    matches: bool | None
    """Whether what was recomputed now is what was booked then; null where nothing can be."""
    differences: list[str]
    """What is wrong, or why nothing can be recomputed."""


def explanation_view(booked: Booked, explained: Explained, *, for_staff: bool) -> Explanation:
    shown = booked.postings if for_staff else booked.wallets
    asset = booked.wallets[0].amount.asset if booked.wallets else None
    return Explanation(
        transaction_id=booked.id,
        kind=booked.kind,
        posted_at=booked.posted_at,
        reference=booked.reference,
        memo=booked.memo,
        reverses=booked.reverses,
        invocation_id=booked.invocation_id,
        origin=explained.origin,
        origin_id=explained.origin_id,
        summary=explained.summary,
        facts=dict(explained.facts),
        events=[ExplainedEvent.model_validate(each) for each in explained.events],
        lines=lines_view(explained.rated) if explained.rated else [],
        movements=[_movement(each, explained) for each in shown],
        paid_by=[
            PaidByGrant(grant_id=grant_id, amount=Money(amount, asset).decimal)
            for grant_id, amount in booked.burned
            if asset is not None
        ],
        matches=explained.matches(booked),
        differences=[*explained.differences, *explained.unequal(booked)],
    )


def _movement(posting: Posting, explained: Explained) -> ExplainedMovement:
    recomputed = None
    if explained.expected is not None:
        amount = explained.expected.get(posting.account_id, 0) * posting.side
        recomputed = Money(amount, posting.amount.asset).decimal
    return ExplainedMovement(
        account=str(posting.role),
        wallet_id=posting.wallet_id,
        asset=str(posting.amount.asset),
        amount=posting.amount.decimal,
        balance=posting.balance.decimal,
        recomputed=recomputed,
    )
