"""What is said of how usage is billed, and what is answered."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from core.operations.fields import Amount, AssetCode, Code
from core.operations.operation import Request, Result

ScopeWord = Literal["entity", "plan"]


class ThresholdsForm(Request):
    currency: AssetCode
    amounts: list[Amount] = Field(
        default_factory=list,
        max_length=20,
        description="Once in a period each, when its usage comes to so much.",
    )
    every: Amount | None = Field(None, description="Whenever so much is not billed yet.")


class SetUsageBilling(Request):
    scope: ScopeWord = Field(
        description="A legal entity and all its plans, or one plan.", examples=["plan"]
    )
    scope_key: Code = Field(description="Of the legal entity or the plan.", examples=["pro"])
    draft_minutes: int | None = Field(
        None, ge=0, le=4320, description="How long invoices wait for late usage; 60 unless said."
    )
    thresholds: list[ThresholdsForm] | None = Field(
        None, max_length=20, description="One for each currency; none for no such invoices."
    )


class ListUsageBilling(Request):
    pass


class ThresholdsView(Result):
    currency: str
    amounts: list[str]
    every: str | None


class UsageBillingView(Result):
    scope: ScopeWord
    scope_key: str
    draft_minutes: int | None
    thresholds: list[ThresholdsView] | None
    updated_at: datetime


class UsageBillingList(Result):
    items: list[UsageBillingView]
