"""Auto top-up: below the line a pack is bought, once, whoever looks and whatever gets lost."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from core import topups
from core.kernel.caller import SYSTEM
from core.payments import Payment, PaymentState, ProviderFailed, ProviderUnavailable
from core.topups import jobs as watching
from tests.core.topups.pump import (
    BEGUN,
    CANCELED,
    FAILED,
    PAUSED,
    RULE,
    SUCCEEDED,
    open_pump,
)
from tests.core.wallets.bank import open_wallet, told
from tests.fakes.provider import FakeProvider
from tests.world import OPERATOR, World

pytestmark = pytest.mark.anyio

FULL = "1090.000000"
HOUR = 3600


async def test_below_the_line_a_pack_is_bought_and_its_credits_come(world: World) -> None:
    pump = await open_pump(world, balance="110")
    await pump.tick()
    assert await pump.attempts() == []

    await pump.spend("20")
    await pump.tick()

    assert await pump.available() == FULL
    [attempt] = await pump.attempts()
    assert (attempt["state"], attempt["amount"], attempt["failure"]) == ("succeeded", "10.00", None)
    payment = await pump.must("get_payment", payment_id=attempt["payment_id"])
    assert (payment["purpose"], payment["source_id"]) == ("top_up", attempt["id"])
    assert (payment["status"], payment["received"]) == ("succeeded", "10.00")
    [line, *_] = (await pump.must("list_transactions", wallet_id=pump.wallet))["items"]
    assert line["reference"] == f"payment:{payment['id']}"
    rule = await pump.rule()
    assert (rule["count_today"], rule["spent_this_month"]) == (1, "10.00")
    assert await pump.happened(BEGUN, SUCCEEDED) == [BEGUN, SUCCEEDED]
    await pump.tick()
    await pump.hear()
    await pump.tick()
    assert await pump.states() == ["succeeded"]
    assert await pump.available() == FULL
    await pump.must_agree()


async def test_exactly_on_the_line_nothing_is_bought(world: World) -> None:
    pump = await open_pump(world, balance="100")

    await pump.tick()

    assert await pump.attempts() == []
    assert pump.asked_to_pay() == []


async def test_what_is_held_or_has_expired_is_not_available(world: World) -> None:
    pump = await open_pump(world, balance="110")
    held = {"wallet_id": pump.wallet, "amount": "20"}

    await pump.must("hold_credits", pump.member, **held)
    await pump.tick()

    assert await pump.states() == ["succeeded"]


async def test_of_ten_who_see_a_wallet_below_its_line_one_tops_it_up(world: World) -> None:
    pump = await open_pump(world)

    async def begin() -> bool:
        async with world.database.begin(SYSTEM) as work:
            return await topups.begin(work.within(pump.project), pump.wallet) is not None

    begun = await asyncio.gather(*(begin() for _ in range(10)))
    await pump.tick()

    assert sum(begun) == 1
    assert len(await pump.attempts()) == len(pump.paid()) == 1
    assert await pump.available() == FULL
    await pump.must_agree()


async def test_ten_workers_who_pay_for_one_attempt_pay_once(world: World) -> None:
    pump = await open_pump(world)
    world.clock.advance(seconds=5)

    async def work() -> None:
        await pump.tick(0)

    await asyncio.gather(*(work() for _ in range(10)))

    assert len(pump.paid()) == 1
    assert await pump.available() == FULL


@pytest.mark.parametrize("at_once", [1, 2, 500])
async def test_every_wallet_below_its_line_is_topped_up_however_many_are_looked_at_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(watching, "PAGE", at_once)
    pump = await open_pump(world)
    wallets = [await open_wallet(world, pump.project, asset="CREDIT/6") for _ in range(2)]
    for each in wallets:
        await pump.set(wallet_id=each)
    pump.gateway.lost_answers = 2

    await pump.tick()
    await pump.hear()
    await pump.tick()

    assert [await pump.available(each) for each in wallets] == ["1000.000000"] * 2
    assert await pump.available() == FULL
    assert await pump.states() == ["succeeded"] * 3
    assert len(pump.paid()) == 3


# -- When answers get lost ------------------------------------------------------------------------


async def test_an_answer_that_was_lost_is_looked_for_and_nothing_is_paid_again(
    world: World,
) -> None:
    pump = await open_pump(world)
    pump.gateway.lost_answers = 1

    await pump.tick()
    assert await pump.states() == ["paying"]
    await pump.tick()

    assert await pump.states() == ["succeeded"]
    assert await pump.available() == FULL
    assert len(pump.asked_to_pay()) == 1
    await pump.must_agree()


async def test_the_event_may_tell_of_it_before_the_answer_does(world: World) -> None:
    pump = await open_pump(world)
    pump.gateway.lost_answers = 1
    await pump.tick()

    await pump.hear("payment_intent.succeeded")
    assert await pump.available() == FULL
    pump.gateway.away = True
    await pump.tick()

    assert await pump.states() == ["succeeded"]
    pump.gateway.away = False
    await pump.tick(HOUR)
    assert await pump.available() == FULL
    assert len(pump.paid()) == 1


async def test_a_provider_that_is_away_is_asked_again_under_the_same_key(world: World) -> None:
    pump = await open_pump(world)
    pump.gateway.away = True
    await pump.tick()
    await pump.tick(HOUR)
    assert await pump.states() == ["paying"]

    pump.gateway.away = False
    await pump.tick(HOUR)

    assert await pump.states() == ["succeeded"]
    assert len({*pump.asked_to_pay()}) == 1
    assert len(pump.paid()) == 1


async def test_after_a_day_a_payment_is_only_looked_for(world: World) -> None:
    pump = await open_pump(world)
    pump.gateway.lost_answers = 1
    await pump.tick()
    pump.gateway.away = True
    await pump.tick(23 * HOUR)
    asked = pump.asked_to_pay()

    pump.gateway.away = False
    await pump.tick(HOUR)

    assert await pump.states() == ["succeeded"]
    assert pump.asked_to_pay() == asked


async def test_what_was_not_paid_after_a_day_is_given_up(world: World) -> None:
    pump = await open_pump(world)
    pump.gateway.failures = [ProviderUnavailable()]
    await pump.tick()
    pump.gateway.away = True
    await pump.tick(22 * HOUR)
    pump.gateway.away = False
    asked = pump.asked_to_pay()

    await pump.tick(HOUR)

    [attempt, *_] = await pump.attempts()
    assert (attempt["state"], attempt["failure"]["provider_code"]) == ("failed", "provider_failed")
    assert pump.asked_to_pay() == asked
    assert pump.paid() == []


async def test_what_the_provider_failed_at_is_given_up_and_can_never_be_paid_after_all(
    world: World,
) -> None:
    pump = await open_pump(world)
    card = await pump.keep_card()
    pump.provider.declines[card.id] = ProviderFailed()
    await pump.set(method_id=(await pump.must("list_payment_methods"))["items"][0]["id"])

    await pump.tick()
    await pump.tick(HOUR / 4)
    assert await pump.states() == ["paying"]
    await pump.tick(HOUR)

    assert await pump.states() == ["failed"]
    assert len({*pump.asked_to_pay()}) == 1
    [made] = pump.provider.all(Payment)
    assert made.state == PaymentState.CANCELED


async def test_when_nobody_knows_whether_it_is_paid_people_are_told_and_it_is_never_paid_twice(
    world: World,
) -> None:
    pump = await open_pump(world)
    pump.gateway.lost_answers = 1
    await pump.tick()
    pump.gateway.away = True
    for _ in range(60):
        await pump.tick(HOUR)

    rule = await pump.rule()
    assert (rule["state"], rule["paused_for"]) == ("paused", "outcome_unknown")
    assert len(await pump.mails()) == 1

    pump.gateway.away = False
    await pump.set()
    await pump.tick()

    assert await pump.states() == ["succeeded"]
    assert await pump.available() == FULL
    assert len(pump.paid()) == 1


class SlowBank(FakeProvider):
    """A bank that takes days."""

    def charge(self, payment: Payment) -> Payment:
        waiting = replace(payment, state=PaymentState.PROCESSING)
        return self.keep(waiting, "payment_intent.processing")

    def arrive(self) -> None:
        self._charged(next(self.all(Payment)))

    def bounce_back(self) -> None:
        payment = replace(next(self.all(Payment)), state=PaymentState.NEEDS_METHOD)
        self.keep(payment, "payment_intent.payment_failed")


@pytest.mark.parametrize("arrives", [True, False])
async def test_a_method_that_takes_days_is_waited_for_and_nothing_else_is_bought(
    world: World, *, arrives: bool
) -> None:
    pump = await open_pump(world)
    bank = SlowBank(**vars(pump.provider))
    pump.gateway.provider = bank
    await pump.tick()
    await pump.tick(HOUR)
    assert await pump.states() == ["processing"]
    assert await pump.available() == "90.000000"

    bank.arrive() if arrives else bank.bounce_back()
    await pump.hear()
    await pump.tick()

    assert await pump.states() == ["succeeded" if arrives else "failed"]
    assert await pump.available() == (FULL if arrives else "90.000000")
    await pump.must_agree()


# -- Switched off, and set again ------------------------------------------------------------------


async def test_disabled_before_anybody_was_asked_nothing_is_paid(world: World) -> None:
    pump = await open_pump(world)
    async with world.database.begin(SYSTEM) as work:
        await topups.begin(work.within(pump.project), pump.wallet)

    off = await pump.must("disable_auto_top_up", wallet_id=pump.wallet)
    await pump.tick()

    assert off["state"] == "off"
    assert await pump.states() == ["canceled"]
    assert pump.asked_to_pay() == []
    assert await pump.happened(CANCELED) == [CANCELED]
    [payment] = (await pump.must("list_payments"))["items"]
    assert payment["status"] == "canceled"


async def test_disabled_after_the_provider_was_asked_what_is_paid_is_credited(world: World) -> None:
    pump = await open_pump(world)
    pump.gateway.lost_answers = 1
    await pump.tick()

    await pump.must("disable_auto_top_up", wallet_id=pump.wallet)
    await pump.tick()

    assert await pump.states() == ["succeeded"]
    assert await pump.available() == FULL
    await pump.spend("1000")
    await pump.tick()
    assert await pump.states() == ["succeeded"]
    assert (await pump.rule())["state"] == "off"
    await pump.must_agree()


async def test_the_named_method_pays_and_without_one_the_default_does(world: World) -> None:
    pump = await open_pump(world)
    first, second = [await pump.keep_card() for _ in range(2)]
    listed = (await pump.must("list_payment_methods"))["items"]
    by_age = [each["id"] for each in reversed(listed)]
    await pump.must("set_default_payment_method", method_id=by_age[1])
    await pump.tick()

    await pump.set(method_id=by_age[2])
    await pump.spend("1000")
    await pump.tick()

    assert [each["method_id"] for each in await pump.attempts()] == by_age[1:]
    assert {each.method_id for each in pump.paid()} == {first.id, second.id}


async def test_without_a_method_it_is_paused_at_once_and_people_are_told(world: World) -> None:
    pump = await open_pump(world)
    [method] = (await pump.must("list_payment_methods"))["items"]
    await pump.must("detach_payment_method", method_id=method["id"])

    await pump.tick()

    assert await pump.states() == ["failed"]
    assert (await pump.rule())["paused_for"] == "no_payment_method"
    assert await pump.happened(FAILED, PAUSED) == [FAILED, PAUSED]
    [mail] = await pump.mails()
    assert (mail.address, mail.subject) == ("owner@example.com", "Acme: Auto top-up is paused")
    assert await pump.refused("enable_auto_top_up", wallet_id=pump.wallet, **RULE) == (
        "no_payment_method"
    )


async def test_an_archived_pack_pauses_it(world: World) -> None:
    pump = await open_pump(world)
    await pump.must("archive_credit_pack", OPERATOR, pack_key="starter")

    await pump.tick()

    assert await pump.attempts() == []
    assert (await pump.rule())["paused_for"] == "pack_archived"
    [(_, paused)] = await told(world, PAUSED)
    assert paused["code"] == "pack_archived"


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({"pack_key": "nothing"}, "pack_not_found"),
        ({"monthly_spend_max": "9.99"}, "cap_below_price"),
        ({"daily_spend_max": "9.99"}, "cap_below_price"),
        ({"quantity": 11}, "cap_below_price"),
        ({"monthly_spend_max": "10.001"}, "invalid_request"),
        ({"threshold": "0"}, "invalid_request"),
        ({"daily_count_max": 0}, "invalid_request"),
        ({"method_id": "pmt_01jd3x8k5vq2m7r9t4w6y0z1ab"}, "payment_method_not_found"),
        ({"wallet_id": "wal_01jd3x8k5vq2m7r9t4w6y0z1ab"}, "wallet_not_found"),
    ],
)
async def test_a_rule_that_cannot_work_is_refused_by_what_is_wrong(
    world: World, sent: dict[str, Any], code: str
) -> None:
    pump = await open_pump(world)
    wanted = {"wallet_id": pump.wallet} | RULE | sent

    assert await pump.refused("enable_auto_top_up", **wanted) == code
    assert await pump.refused("enable_auto_top_up", pump.member, **wanted) == "not_allowed"


async def test_a_wallet_must_hold_what_the_pack_gives(world: World) -> None:
    pump = await open_pump(world)
    dollars = await open_wallet(world, pump.project)

    assert await pump.refused("enable_auto_top_up", wallet_id=dollars, **RULE) == (
        "wallet_holds_another"
    )
    assert await pump.refused("get_auto_top_up", wallet_id=dollars) == "auto_top_up_not_found"
    assert await pump.refused("disable_auto_top_up", wallet_id=dollars) == "auto_top_up_not_found"
