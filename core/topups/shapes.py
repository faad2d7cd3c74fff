"""What is sent to the operations on auto top-up, and what they answer."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from core.kernel.money import Money
from core.operations.fields import Amount, Code, Identifier, WalletId
from core.operations.operation import ProjectPageRequest, ProjectRequest, Result
from core.topups.model import Attempt, Rule, Spent

QUANTITY_MAX = 100
COUNT_MAX = 1000
MethodId = Annotated[str, Identifier("pmt")]
StateWord = Literal["paying", "processing", "needs_action", "succeeded", "failed", "canceled"]


class NamedAutoTopUp(ProjectRequest):
    wallet_id: WalletId


class EnableAutoTopUp(NamedAutoTopUp):
    threshold: Amount = Field(description="When less than this is available, more is bought.")
    pack_key: Annotated[Code, Field(examples=["starter"])] = Field(
        description="Which credit pack to buy; see list_credit_packs."
    )
    quantity: int = Field(1, ge=1, le=QUANTITY_MAX, description="How many of it at a time.")
    monthly_spend_max: Amount = Field(
        description="The most to spend in a month, in the pack's currency."
    )
    daily_spend_max: Amount | None = Field(
        None, description="The most to spend in a day; leave out for no such cap."
    )
    daily_count_max: int = Field(3, ge=1, le=COUNT_MAX, description="The most top-ups in a day.")
    monthly_count_max: int = Field(
        30, ge=1, le=COUNT_MAX, description="The most top-ups in a month."
    )
    method_id: MethodId | None = Field(
        None,
        description="Which kept payment method pays; leave out for the default or the latest.",
    )


class ListTopUps(ProjectPageRequest):
    wallet_id: WalletId | None = Field(None, description="Only those of this wallet.")
    state: StateWord | None = Field(None, description="Only those in this state.")


class AutoTopUpView(Result):
    project_id: str
    wallet_id: str
    state: Literal["on", "paused", "off"]
    """Paused: it failed too often, or cannot work. Setting it again has it go on."""
    threshold: str
    asset: str
    pack_key: str
    quantity: int
    method_id: str | None
    currency: str
    daily_count_max: int
    monthly_count_max: int
    daily_spend_max: str | None
    monthly_spend_max: str
    count_today: int
    """So far, in the project's time zone; what waits for a bank or a person is counted too."""
    spent_today: str
    count_this_month: int
    spent_this_month: str
    failures: int
    """In a row, since the last one that succeeded."""
    rests_until: datetime | None
    """Not tried before: after a failure, or because a cap was reached."""
    rests_for: str | None
    paused_for: str | None
    set_by: str
    updated_at: datetime


class TopUpFailure(Result):
    reason: str
    """In the words of the payment provider."""
    provider_code: str
    decline_code: str | None


class TopUpView(Result):
    id: str
    project_id: str
    wallet_id: str
    state: StateWord
    """needs_action: a person must pay by the checkout's url; see get_checkout."""
    amount: str
    currency: str
    payment_id: str
    """The payment without the customer; see get_payment. By a link, the checkout has its own."""
    checkout_id: str | None
    method_id: str | None
    failure: TopUpFailure | None
    began_at: datetime
    closed_at: datetime | None


class TopUpList(Result):
    items: list[TopUpView]
    next_cursor: str | None


def rule_view(rule: Rule, day: Spent, month: Spent) -> AutoTopUpView:
    caps = rule.caps
    currency = caps.monthly_spend.asset
    return AutoTopUpView(
        project_id=rule.project_id,
        wallet_id=rule.wallet_id,
        state=rule.state.value,
        threshold=rule.threshold.decimal,
        asset=str(rule.threshold.asset),
        pack_key=rule.pack_key,
        quantity=rule.quantity,
        method_id=rule.method_id,
        currency=str(currency),
        daily_count_max=caps.daily_count,
        monthly_count_max=caps.monthly_count,
        daily_spend_max=caps.daily_spend.decimal if caps.daily_spend else None,
        monthly_spend_max=caps.monthly_spend.decimal,
        count_today=day.count,
        spent_today=Money(day.amount, currency).decimal,
        count_this_month=month.count,
        spent_this_month=Money(month.amount, currency).decimal,
        failures=rule.failures,
        rests_until=rule.rests_until,
        rests_for=rule.rests_for,
        paused_for=rule.paused_for,
        set_by=rule.set_by,
        updated_at=rule.updated_at,
    )


def attempt_view(attempt: Attempt) -> TopUpView:
    return TopUpView(
        id=attempt.id,
        project_id=attempt.project_id,
        wallet_id=attempt.wallet_id,
        state=attempt.state.value,
        amount=attempt.price.decimal,
        currency=str(attempt.price.asset),
        payment_id=attempt.payment_id,
        checkout_id=attempt.checkout_id,
        method_id=attempt.method_id,
        failure=TopUpFailure.model_validate(attempt.failure) if attempt.failure else None,
        began_at=attempt.began_at,
        closed_at=attempt.closed_at,
    )
