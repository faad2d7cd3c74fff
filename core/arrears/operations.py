"""What operators say of how usage is billed: how long invoices wait, and when some come early."""

from core import audit, catalog, messaging
from core.arrears import settings
from core.arrears.model import Thresholds
from core.arrears.settings import Scope, Setting
from core.arrears.shapes import (
    ListUsageBilling,
    SetUsageBilling,
    ThresholdsForm,
    ThresholdsView,
    UsageBillingList,
    UsageBillingView,
)
from core.bills import LegalEntityNotFound
from core.db.work import Work
from core.kernel.caller import PlatformRole
from core.kernel.money import Asset, Money
from core.operations.errors import invalid
from core.operations.fields import money
from core.operations.operation import Effect, Example, operation
from core.operations.scopes import Toolset
from core.parties import entity

SET = "usage_billing.set"


@operation(
    "PUT /v1/usage-billing/{scope}/{scope_key}",
    title="Set usage billing",
    toolset=Toolset.PAYMENTS,
    effect=Effect.CHANGE,
    platform=PlatformRole.OPERATOR,
    raises=(catalog.PlanNotFound, LegalEntityNotFound),
    examples=(
        Example(
            title="Wait two hours, and bill each 1,000 dollars",
            arguments={
                "scope": "plan",
                "scope_key": "pro",
                "draft_minutes": 120,
                "thresholds": [{"currency": "USD/2", "every": "1000.00"}],
            },
        ),
    ),
)
async def set_usage_billing(work: Work, request: SetUsageBilling) -> UsageBillingView:
    """Say how long invoices of usage wait for late usage, and when usage is billed early.

    Of a plan, or of a legal entity for all plans that say nothing. It replaces what was said.
    Invoices that wait already keep their time; thresholds count for what runs, at once.
    """
    if Scope(request.scope) is Scope.PLAN:
        await catalog.find_plan(work, request.scope_key)
    else:
        await entity(work, request.scope_key)
    setting = Setting(
        scope=Scope(request.scope),
        key=request.scope_key,
        draft_minutes=request.draft_minutes,
        thresholds=_thresholds(request.thresholds),
        updated_at=work.now,
    )
    await settings.say(work, setting)
    view = _view(setting)
    told = view.model_dump(mode="json", exclude={"updated_at"})
    work.record("changed", f"{setting.scope}:{setting.key}")
    await audit.record(work, SET, setting.key, **told)
    await messaging.publish(work, SET, setting.key, told)
    return view


@operation(
    "GET /v1/usage-billing",
    title="List usage billing",
    toolset=Toolset.PAYMENTS,
    effect=Effect.READ,
    platform=PlatformRole.AUDITOR,
    examples=(Example(title="What is said of it", arguments={}),),
)
async def list_usage_billing(work: Work, request: ListUsageBilling) -> UsageBillingList:
    """List how long invoices of usage wait, and when usage is billed early. Platform staff only."""
    return UsageBillingList(items=[_view(each) for each in await settings.all_said(work)])


def _thresholds(forms: list[ThresholdsForm] | None) -> tuple[Thresholds, ...] | None:
    if forms is None:
        return None
    said: list[Thresholds] = []
    for n, each in enumerate(forms):
        asset, field = Asset.parse(each.currency), f"thresholds.{n}"
        if any(other.asset == asset for other in said):
            raise invalid(f"{field}.currency", "must be another one: this has thresholds already")
        if not each.amounts and each.every is None:
            raise invalid(f"{field}.amounts", "must name an amount, or give every")
        amounts = [
            money(one, asset, f"{field}.amounts.{m}").amount for m, one in enumerate(each.amounts)
        ]
        every = None if each.every is None else money(each.every, asset, f"{field}.every").amount
        said.append(Thresholds(asset=asset, amounts=tuple(sorted(set(amounts))), every=every))
    return tuple(said)


def _view(setting: Setting) -> UsageBillingView:
    assert setting.updated_at, "it was said at some time"
    said = setting.thresholds
    return UsageBillingView(
        scope=setting.scope.value,
        scope_key=setting.key,
        draft_minutes=setting.draft_minutes,
        thresholds=None if said is None else [_told(each) for each in said],
        updated_at=setting.updated_at,
    )


def _told(each: Thresholds) -> ThresholdsView:
    def plain(amount: int) -> str:
        return Money(amount, each.asset).decimal

    every = None if each.every is None else plain(each.every)
    return ThresholdsView(
        currency=str(each.asset), amounts=[plain(one) for one in each.amounts], every=every
    )


OPERATIONS = (set_usage_billing, list_usage_billing)
