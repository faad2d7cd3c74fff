"""What is paid is booked once and proven; what the books and the records say must agree."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from core import inbox, jobs, payments, surface
from core.kernel.caller import SYSTEM
from core.kernel.money import Asset, Money
from core.payments import PaidTwice, Status, Told
from core.payments.fulfilling import progressed
from core.payments.missing import PaidInAnotherCurrency
from tests.core.checkouts.shop import Shop, open_shop
from tests.core.wallets.bank import told
from tests.world import OPERATOR, World

pytestmark = pytest.mark.anyio


async def a_purchase(world: World, **pack: Any) -> tuple[Shop, dict[str, Any]]:
    shop = await open_shop(world, **pack)
    checkout = await shop.buy()
    shop.provider.pay(await shop.page_of(checkout))
    await shop.hear()
    return shop, await shop.must("get_payment", payment_id=checkout["payment_id"])


async def tell(shop: Shop, payment_id: str, told_: Told) -> payments.PaymentRecord:
    async with shop.world.database.begin(SYSTEM) as work:
        return await payments.fulfil(work.within(shop.project), payment_id, told_)


@pytest.mark.parametrize(
    ("now", "said", "after"),
    [
        (Status.EXPECTED, Status.PENDING, Status.PENDING),
        (Status.EXPECTED, Status.FAILED, Status.FAILED),
        (Status.FAILED, Status.SUCCEEDED, Status.SUCCEEDED),
        (Status.FAILED, Status.PENDING, Status.PENDING),
        (Status.PENDING, Status.FAILED, Status.FAILED),
        (Status.PENDING, Status.EXPECTED, Status.PENDING),
        (Status.SUCCEEDED, Status.FAILED, Status.SUCCEEDED),
        (Status.SUCCEEDED, Status.CANCELED, Status.SUCCEEDED),
        (Status.SUCCEEDED, Status.PENDING, Status.SUCCEEDED),
        (Status.CANCELED, Status.FAILED, Status.CANCELED),
        (Status.CANCELED, Status.PENDING, Status.CANCELED),
        (Status.CANCELED, Status.SUCCEEDED, Status.SUCCEEDED),
    ],
)
def test_what_is_final_stays_but_money_that_came_is_never_denied(
    now: Status, said: Status, after: Status
) -> None:
    assert progressed(now, said) is after


@pytest.mark.parametrize("order", range(6))
async def test_in_whatever_order_a_payment_is_told_of_it_ends_the_same(
    world: World, order: int
) -> None:
    shop = await open_shop(world)
    checkout = await shop.buy()
    page = await shop.page_of(checkout)
    shop.provider.decline(page)
    shop.provider.pay(page)
    events = [each for each in shop.provider.events if "payment_intent" in each.type]
    events += [each for each in shop.provider.events if "checkout" in each.type]
    assert len(events) == 3
    first = events.pop(order // 2)
    events = [first, *(events if order % 2 else reversed(events))]

    for event in events * 2:
        await shop.hear(event.type, again=True)

    payment = await shop.must("get_payment", payment_id=checkout["payment_id"])
    assert (payment["status"], payment["failure"]) == ("succeeded", None)
    assert await shop.available() == "1000.000000"
    await shop.must_agree()


async def test_ten_at_once_book_one_payment_once(world: World) -> None:
    shop = await open_shop(world)
    checkout = await shop.buy()
    page = shop.provider.pay(await shop.page_of(checkout))
    paid = Told.of_payment(await shop.gateway.read_payment(page.payment_id or ""))

    records = await asyncio.gather(*(tell(shop, checkout["payment_id"], paid) for _ in range(10)))

    assert len({each.transaction_id for each in records}) == 1
    assert await shop.available() == "1000.000000"
    assert len(await told(world, "payment.succeeded")) == 1
    assert len(await told(world, "wallet.credited")) == 1


async def test_a_process_that_dies_while_it_fulfils_has_done_nothing(world: World) -> None:
    shop = await open_shop(world)
    checkout = await shop.buy()
    page = shop.provider.pay(await shop.page_of(checkout))
    paid = Told.of_payment(await shop.gateway.read_payment(page.payment_id or ""))

    async def die_before_the_commit() -> None:
        async with world.database.begin(SYSTEM) as work:
            await payments.fulfil(work.within(shop.project), checkout["payment_id"], paid)
            raise SystemError

    with pytest.raises(SystemError):
        await die_before_the_commit()
    assert await shop.available() == "0.000000"

    await tell(shop, checkout["payment_id"], paid)
    assert await shop.available() == "1000.000000"


async def test_a_second_payment_for_what_is_paid_is_parked_where_people_see_it(
    world: World,
) -> None:
    shop, payment = await a_purchase(world)
    first = shop.provider.find(payments.Payment, payment["provider_payment_id"])
    second = replace(first, id="pi_second", charge_id="ch_second")
    shop.provider.keep(second, "payment_intent.succeeded")

    await shop.hear()
    for _ in range(12):
        world.clock.advance(hours=2)
        await jobs.run_due(shop.runtime)

    event = shop.provider.events[-1]
    async with world.database.read(OPERATOR) as work:
        kept = await inbox.find_event(work, inbox.STRIPE, event.id)
    assert kept
    assert kept.state is inbox.State.PARKED
    assert PaidTwice.code in (kept.error or "")
    assert await shop.available() == "1000.000000"


@pytest.mark.parametrize("names", [{}, {"project_id": "website-7", "payment_id": "42"}])
async def test_payments_that_do_not_carry_our_names_are_none_of_ours(
    world: World, names: dict[str, str]
) -> None:
    shop, payment = await a_purchase(world)
    first = shop.provider.find(payments.Payment, payment["provider_payment_id"])
    shop.provider.keep(replace(first, id="pi_other", metadata=names), "payment_intent.succeeded")

    await shop.hear()

    async with world.database.read(OPERATOR) as work:
        kept = await inbox.find_event(work, inbox.STRIPE, shop.provider.events[-1].id)
    assert kept
    assert kept.state is inbox.State.IGNORED


async def test_an_event_that_comes_before_our_record_waits_for_it(world: World) -> None:
    shop, payment = await a_purchase(world)
    first = shop.provider.find(payments.Payment, payment["provider_payment_id"])
    unknown = {**first.metadata, "payment_id": payment["id"][:-4] + "zzzz"}
    shop.provider.keep(replace(first, id="pi_early", metadata=unknown), "payment_intent.succeeded")

    await shop.hear()

    async with world.database.read(OPERATOR) as work:
        kept = await inbox.find_event(work, inbox.STRIPE, shop.provider.events[-1].id)
    assert kept
    assert (kept.state, kept.attempt) == (inbox.State.WAITING, 1)
    assert inbox.ParentMissing.code in (kept.error or "")


async def test_what_was_received_is_booked_and_not_what_was_asked_for(world: World) -> None:
    shop = await open_shop(world)
    checkout = await shop.buy()
    less, off = Money(7_50, Asset("USD", 2)), Money(2_50, Asset("USD", 2))
    paid = Told(status=Status.SUCCEEDED, received=less, discount=off)

    record = await tell(shop, checkout["payment_id"], paid)

    assert (record.received, record.sale.price.decimal) == (less, "10.00")
    assert (await shop.accounts())["clearing USD/2"] == 7_50
    await shop.must_agree()


async def test_money_of_another_currency_is_never_booked_as_if_it_were_the_one_asked_for(
    world: World,
) -> None:
    shop = await open_shop(world)
    checkout = await shop.buy()
    yen = Money(10_00, Asset("JPY", 0))

    with pytest.raises(PaidInAnotherCurrency):
        await tell(shop, checkout["payment_id"], Told(status=Status.SUCCEEDED, received=yen))

    assert await shop.accounts() == {}
    assert (await shop.must("get_payment", payment_id=checkout["payment_id"]))["received"] == "0.00"


# -- The proof ------------------------------------------------------------------------------------


async def problems(world: World) -> list[str]:
    return [str(each) for each in (await surface.prove(world.database)).differences]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("received = 999", "999 was paid; 1000 is booked"),
        ("credits = 1", "credits something else than was bought"),
        ("bonus = 1", "its bonus is not what was given"),
        ("transaction_id = bonus_transaction_id", "should have booked it, and does not"),
        (
            "status = 'pending', succeeded_at = null, transaction_id = null",
            "which does not say so",
        ),
    ],
)
async def test_a_record_that_was_changed_behind_our_back_is_found(
    world: World, change: str, problem: str
) -> None:
    await a_purchase(world, bonus_credits="5")
    assert await problems(world) == []

    async with world.owner() as connection:
        await connection.execute(text(f"update payments_payments set {change}"))

    assert any(problem in each for each in await problems(world))


async def test_a_record_that_is_gone_is_found(world: World) -> None:
    _, payment = await a_purchase(world)

    async with world.owner() as connection:
        await connection.execute(text("delete from payments_payments"))

    assert await problems(world) == [
        f"{payment['transaction_id']}: it was booked for {payment['id']}, which does not say so"
    ]
