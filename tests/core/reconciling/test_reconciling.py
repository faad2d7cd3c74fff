"""Our books and the provider's lists are compared, and every difference is named."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from sqlalchemy import update

from core import jobs, payments, reconciling, settling
from core.kernel.caller import SYSTEM, Role
from core.kernel.money import Money
from core.payments import DisputeState, PaymentState, RefundDraft, RefundState
from core.payments import tables as payment_tables
from tests.core.settling.selling import Sold, sold
from tests.world import AUDITOR, OPERATOR, World, agent

pytestmark = pytest.mark.anyio


async def reconciled(this: Sold) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Have everything compared that was made until now; return the report and its differences."""
    shop = this.shop
    shop.world.clock.advance(seconds=2)
    begun = await shop.must("reconcile_payments", OPERATOR)
    assert begun["state"] == "running"
    await jobs.run_due(shop.runtime)
    named = {"reconciliation_id": begun["id"]}
    report = await shop.must("get_reconciliation", AUDITOR, **named)
    found = await shop.must("list_reconciliation_differences", AUDITOR, **named)
    assert report["differences"] == len(found["items"])
    return report, found["items"]


async def test_books_that_agree_are_clean_and_the_processors_fees_are_booked(
    world: World,
) -> None:
    this = await sold(world)
    shop = this.shop
    (await this.refund("4")).unwrap()

    report, found = await reconciled(this)

    assert (report["state"], found) == ("clean", [])
    assert report["counts"]["payments"] == report["counts"]["refunds"] == 1
    fee = 1000 * 29 // 1000 + 30
    accounts = await shop.accounts()
    assert (accounts["fees USD/2"], accounts["clearing USD/2"]) == (fee, 600 - fee)
    again, _ = await reconciled(this)
    assert again["state"] == "clean"
    assert await shop.accounts() == accounts
    await shop.must_agree()


async def test_what_never_reached_us_is_fetched_and_follows(world: World) -> None:
    this = await sold(world)
    shop = this.shop
    checkout = await shop.buy()
    shop.provider.pay(await shop.page_of(checkout))
    await shop.gateway.refund(RefundDraft(payment_id=this.external), key="by hand")
    first = next(each.id for each in reversed(list(shop.provider.all(payments.Payment))))
    opened = shop.provider.dispute(first)
    shop.provider.decide(opened.id, DisputeState.LOST)

    report, found = await reconciled(this)

    assert (report["state"], found) == ("clean", [])
    assert report["counts"]["missed_events"] > 0
    assert await shop.available() == "0.000000"
    assert (await shop.must("get_checkout", checkout_id=checkout["id"]))["state"] == "complete"
    await shop.must_agree()


async def test_a_payout_brings_the_money_of_each_project_to_the_bank(world: World) -> None:
    this = await sold(world)
    shop = this.shop
    (await this.refund("4")).unwrap()
    await reconciled(this)
    payout = shop.provider.pay_out()
    await shop.hear()

    accounts = await shop.accounts()
    assert accounts["bank USD/2"] == payout.amount.amount
    assert "clearing USD/2" not in accounts
    report, _ = await reconciled(this)
    assert (report["state"], report["counts"]["payouts"]) == ("clean", 1)

    shop.provider.keep(replace(payout, state="failed"), "payout.failed")
    await shop.hear()
    back = await shop.accounts()
    assert "bank USD/2" not in back
    assert back["clearing USD/2"] == payout.amount.amount
    await shop.must_agree()

    # Whoever read it before it failed, and comes after, books nothing on it any more.
    parts = await settling.list_parts(shop.gateway, payout)
    await settling.follow_payout(partial(world.database.begin, SYSTEM), payout, parts)
    assert await shop.accounts() == back
    after = shop.provider.keep(replace(payout, id="po_after", state="paid"))
    await settling.follow_payout(partial(world.database.begin, SYSTEM), after, parts)
    assert (await shop.accounts())["bank USD/2"] == payout.amount.amount
    await shop.must_agree()


async def other_status(this: Sold) -> None:
    provider = this.shop.provider
    paid = provider.find(payments.Payment, this.external)
    provider.keep(replace(paid, state=PaymentState.CANCELED))


async def other_amount(this: Sold) -> None:
    provider = this.shop.provider
    paid = provider.find(payments.Payment, this.external)
    provider.keep(replace(paid, received=Money(999, paid.amount.asset)))


async def missing_there(this: Sold) -> None:
    del this.shop.provider.kept[this.external]


async def missing_here(this: Sold) -> None:
    provider = this.shop.provider
    paid = provider.find(payments.Payment, this.external)
    nobodys = dict(paid.metadata) | {"payment_id": "pay_01jd3x8k5vq2m7r9t4w6y0z1ab"}
    provider.keep(replace(paid, id="pi_planted", charge_id="ch_planted", metadata=nobodys))


async def refund_missing_there(this: Sold) -> None:
    told = (await this.refund("4")).unwrap()
    provider = this.shop.provider
    del provider.kept[told["provider_refund_id"]]


async def refund_otherwise(this: Sold) -> None:
    told = (await this.refund("4")).unwrap()
    provider = this.shop.provider
    given = provider.find(payments.Refund, told["provider_refund_id"])
    await this.shop.hear()
    provider.keep(replace(given, state=RefundState.PENDING))


async def refunded_otherwise(this: Sold) -> None:
    provider = this.shop.provider
    paid = provider.find(payments.Payment, this.external)
    provider.keep(replace(paid, refunded=Money(1, paid.amount.asset)))


async def dispute_missing_there(this: Sold) -> None:
    provider = this.shop.provider
    opened = provider.dispute(this.external)
    await this.shop.hear()
    del provider.kept[opened.id]


async def dispute_otherwise(this: Sold) -> None:
    provider = this.shop.provider
    opened = provider.dispute(this.external)
    provider.decide(opened.id, DisputeState.LOST)
    await this.shop.hear()
    provider.keep(replace(provider.find(payments.Dispute, opened.id), state=DisputeState.WON))


async def fee_otherwise(this: Sold) -> None:
    await reconciled(this)
    provider = this.shop.provider
    moved = next(iter(provider.all(payments.ProcessorTransaction)))
    provider.keep(replace(moved, fee=Money(1, moved.fee.asset)))


async def fee_missing_there(this: Sold) -> None:
    await reconciled(this)
    provider = this.shop.provider
    paid = provider.find(payments.Payment, this.external)
    del provider.kept[paid.processor_transaction_id or ""]
    provider.keep(replace(paid, processor_transaction_id=None))


async def payout_otherwise(this: Sold) -> None:
    provider = this.shop.provider
    paid_out = provider.pay_out()
    provider.keep(replace(paid_out, amount=Money(1, paid_out.amount.asset)))


PLANTED = [
    (other_status, "status", "payment"),
    (other_amount, "amount", "payment"),
    (missing_there, "missing_there", "payment"),
    (missing_here, "missing_here", "payment"),
    (refund_missing_there, "missing_there", "refund"),
    (refund_otherwise, "status", "refund"),
    (refunded_otherwise, "amount", "refunded"),
    (dispute_missing_there, "missing_there", "dispute"),
    (dispute_otherwise, "status", "dispute"),
    (fee_otherwise, "amount", "processor_transaction"),
    (fee_missing_there, "missing_there", "processor_transaction"),
    (payout_otherwise, "amount", "payout"),
]


@pytest.mark.parametrize(
    ("plant", "kind", "what"), PLANTED, ids=[each[0].__name__ for each in PLANTED]
)
async def test_a_difference_of_every_kind_is_named(
    world: World, plant: Callable[[Sold], Any], kind: str, what: str
) -> None:
    this = await sold(world)
    await plant(this)

    report, found = await reconciled(this)

    assert report["state"] == "different"
    assert [(each["kind"], each["object"]) for each in found] == [(kind, what)]
    await this.shop.must_agree()


async def test_what_only_we_say_was_paid_is_named(world: World) -> None:
    """As after somebody has changed a row behind our back."""
    this = await sold(world)
    p = payment_tables.payments
    async with world.database.begin(SYSTEM) as work:
        await work.execute(update(p).values(external_id="pi_nobodys"))

    _, found = await reconciled(this)

    assert ("missing_there", "pi_nobodys") in {(x["kind"], x["provider_id"]) for x in found}


async def test_a_provider_that_stays_away_fails_the_report_and_says_so(world: World) -> None:
    this = await sold(world)
    shop = this.shop
    begun = await shop.must("reconcile_payments", OPERATOR)
    shop.gateway.away = True
    for _ in range(9):
        await jobs.run_due(shop.runtime)
        world.clock.advance(hours=1)

    report = await shop.must("get_reconciliation", AUDITOR, reconciliation_id=begun["id"])
    assert report["state"] == "failed"
    assert "does not answer" in report["error"]


async def test_every_hour_the_last_two_days_are_compared(world: World) -> None:
    this = await sold(world)
    shop = this.shop
    async with world.database.begin(SYSTEM) as work:
        await jobs.install(work, reconciling.SCHEDULES)
    for _ in range(2):
        world.clock.advance(hours=1)
        await jobs.run_due(shop.runtime)

    reports = (await shop.must("list_reconciliations", AUDITOR))["items"]
    assert [each["state"] for each in reports] == ["clean", "clean"]
    page = await shop.must("list_reconciliations", AUDITOR, limit=1)
    rest = await shop.must("list_reconciliations", AUDITOR, limit=1, cursor=page["next_cursor"])
    assert [*page["items"], *rest["items"]] == reports


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({"start_at": "2026-11-20T10:00:00Z", "end_at": "2026-11-20T09:00:00Z"}, "invalid_request"),
        ({"start_at": "2027-11-20T10:00:00Z"}, "invalid_request"),
        ({"start_at": "2026-01-01T00:00:00Z"}, "invalid_request"),
    ],
)
async def test_a_window_that_cannot_be_compared_is_refused(
    world: World, sent: dict[str, str], code: str
) -> None:
    this = await sold(world)
    assert await this.shop.refused("reconcile_payments", OPERATOR, **sent) == code


async def test_reports_are_for_staff_who_see_every_project(world: World) -> None:
    this = await sold(world)
    bound = replace(OPERATOR, project_id=this.shop.project)
    for caller in (agent(Role.OWNER, this.shop.project), bound):
        for name in ("reconcile_payments", "list_reconciliations"):
            assert await this.shop.refused(name, caller) == "not_allowed"
    assert await this.shop.refused("reconcile_payments", AUDITOR) == "not_allowed"
