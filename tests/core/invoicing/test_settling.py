"""What pays an invoice: wallets, money that came; and what is taken back of it."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from core import invoicing, ledger, wallets
from core.bills import (
    CreditTooLarge,
    CreditWalletMissing,
    InvoiceCurrencyDiffers,
    InvoiceNotInState,
    InvoicePaidInPart,
    NothingToCredit,
    PaymentNotDue,
    Wanted,
)
from core.invoicing import Invoice, LineKind, Note, Received, State
from core.invoicing.recognizing import recognize_due
from core.kernel.caller import SYSTEM
from core.kernel.money import Money
from core.kernel.period import Period
from tests.core.bills.bills import EUR, line, usd
from tests.core.invoicing.office import draw_up, found, issue, numbers, open_office
from tests.core.ledger.books import USD, unit
from tests.core.wallets.bank import open_project, open_wallet
from tests.world import World

pytestmark = pytest.mark.anyio

MONTH = Period(datetime(2026, 11, 20, 9, tzinfo=UTC), datetime(2026, 12, 20, 9, tzinfo=UTC))
PAID = Received(amount=usd("120.00"), reference="bank:1")


async def books(world: World, project_id: str) -> dict[str, str]:
    """Return what the project's accounts of dollars hold, by their roles."""
    named = {
        ledger.operator_account(project_id, role, USD): str(role) for role in ledger.AccountRole
    }
    async with unit(world, project_id) as work:
        accounts = (await ledger.read_accounts(work, sorted(named))).values()
    return {named[a.id]: Money(a.balance, USD).decimal for a in accounts if a.balance}


async def held(world: World, project_id: str, wallet_id: str) -> str:
    async with unit(world, project_id) as work:
        return (await wallets.balances(work, [wallet_id]))[wallet_id].available.decimal


async def pay(world: World, invoice: Invoice, received: Received = PAID) -> Invoice:
    async with unit(world, invoice.project_id) as work:
        return await invoicing.settle(work, invoice.id, received)


async def credit(world: World, invoice: Invoice, note: Note) -> invoicing.Noted:
    async with unit(world, invoice.project_id) as work:
        return await invoicing.credit_invoice(work, invoice.id, note)


async def test_a_wallet_pays_what_it_has_and_the_rest_is_due(world: World) -> None:
    await open_office(world)
    project = await open_project(world)
    wallet = await open_wallet(world, project, "50.00")
    invoice = await issue(world, "one", project_id=project, wallet_ids=[wallet])

    assert (invoice.state, invoice.figures.applied, invoice.figures.due) == (State.OPEN, 5000, 7000)
    assert await held(world, project, wallet) == "0.00"
    assert (await books(world, project))["receivable"] == "70.00"
    assert await found(world) == []


async def test_a_wallet_that_has_enough_pays_all_of_it_at_once(world: World) -> None:
    await open_office(world)
    project = await open_project(world)
    wallet = await open_wallet(world, project, "500.00")
    invoice = await issue(world, "one", project_id=project, wallet_ids=[wallet])

    assert (invoice.state, invoice.figures.due) == (State.PAID, 0)
    assert await held(world, project, wallet) == "380.00"
    assert await found(world) == []


async def test_of_ten_invoices_that_race_for_one_wallet_it_pays_no_more_than_it_has(
    world: World,
) -> None:
    await open_office(world)
    project = await open_project(world)
    wallet = await open_wallet(world, project, "300.00")
    seat = line("seat", "100.00")
    drafts = [await draw_up(world, f"r{n}", seat, project_id=project) for n in range(10)]

    async def one(draft: Invoice) -> int:
        async with unit(world, project) as work:
            issued = await invoicing.finalize(work, draft.id, wallet_ids=[wallet])
            return issued.figures.applied

    applied = await asyncio.gather(*(one(each) for each in drafts))

    # Who found the wallet emptied since it was looked at is owed the whole of it.
    assert set(applied) <= {0, 6000, 12000}
    left = Money(30000 - sum(applied), USD).decimal
    assert await held(world, project, wallet) == left
    assert (await books(world, project))["receivable"] == Money(120000 - sum(applied), USD).decimal
    assert sum(applied) >= 24000
    assert await found(world) == []


async def test_credits_of_another_currency_pay_nothing(world: World) -> None:
    await open_office(world)
    project = await open_project(world)
    wallet = await open_wallet(world, project, "500", "CREDIT/0")
    with pytest.raises(InvoiceCurrencyDiffers) as refused:
        await issue(world, "one", project_id=project, wallet_ids=[wallet])

    assert refused.value.facts == {
        "field": "wallet_ids.0",
        "asset": "CREDIT/0",
        "expected": "USD/2",
    }
    assert await numbers(world) == []


async def test_money_that_came_is_booked_once_for_each_reference(world: World) -> None:
    await open_office(world)
    invoice = await issue(world, "one")
    half = Received(amount=usd("60.00"), reference="bank:1")
    first = await pay(world, invoice, half)
    again = await pay(world, invoice, half)
    last = await pay(world, invoice, replace(half, reference="bank:2"))

    assert (first.state, first.figures.due, again) == (State.OPEN, 6000, first)
    assert (last.state, last.figures.due, last.paid_at) == (State.PAID, 0, world.clock.now())
    assert await books(world, invoice.project_id) == {
        "clearing": "120.00",
        "revenue": "100.00",
        "tax": "20.00",
    }
    assert await found(world) == []


async def test_of_ten_who_tell_of_one_payment_exactly_one_books_it(world: World) -> None:
    await open_office(world)
    invoice = await issue(world, "one")

    told = await asyncio.gather(*(pay(world, invoice) for _ in range(10)))

    assert {(each.state, each.version) for each in told} == {(State.PAID, 3)}
    assert (await books(world, invoice.project_id))["clearing"] == "120.00"
    assert await found(world) == []


@pytest.mark.parametrize(
    ("amount", "refusal"),
    [
        (usd("120.01"), PaymentNotDue),
        (usd("0.00"), PaymentNotDue),
        (Money.of("120.00", EUR), InvoiceCurrencyDiffers),
    ],
)
async def test_more_than_is_due_or_other_money_is_refused(
    world: World, amount: Money, refusal: type[Exception]
) -> None:
    await open_office(world)
    invoice = await issue(world, "one")
    with pytest.raises(refusal):
        await pay(world, invoice, replace(PAID, amount=amount))

    assert (await books(world, invoice.project_id))["receivable"] == "120.00"


async def test_nobody_pays_for_what_is_void(world: World) -> None:
    await open_office(world)
    invoice = await issue(world, "one")
    async with unit(world) as work:
        gone = await invoicing.void(work, invoice.id, reason="A mistake")
    with pytest.raises(InvoiceNotInState) as refused:
        await pay(world, invoice)

    assert (gone.state, refused.value.state) == (State.VOID, "void")
    assert await books(world, invoice.project_id) == {}
    assert await found(world) == []


async def test_a_void_gives_wallets_back_what_they_paid(world: World) -> None:
    await open_office(world)
    project = await open_project(world)
    wallet = await open_wallet(world, project, "50.00")
    invoice = await issue(world, "one", project_id=project, wallet_ids=[wallet])
    async with unit(world, project) as work:
        await invoicing.void(work, invoice.id)

    assert await held(world, project, wallet) == "50.00"
    assert "receivable" not in await books(world, project)
    assert await found(world) == []


async def test_what_money_came_for_is_not_void(world: World) -> None:
    await open_office(world)
    invoice = await issue(world, "one")
    await pay(world, invoice, replace(PAID, amount=usd("0.01")))
    async with unit(world) as work:
        with pytest.raises(InvoicePaidInPart) as refused:
            await invoicing.void(work, invoice.id)

    assert refused.value.paid == "0.01"


async def test_what_was_given_up_may_still_be_paid(world: World) -> None:
    await open_office(world)
    invoice = await issue(world, "one")
    async with unit(world) as work:
        lost = await invoicing.give_up(work, invoice.id)
    paid = await pay(world, invoice)

    assert (lost.state, paid.state) == (State.UNCOLLECTIBLE, State.PAID)
    assert await found(world) == []


# -- Credit notes ----------------------------------------------------------------------------------


async def test_a_credit_note_lowers_what_is_due(world: World) -> None:
    await open_office(world)
    invoice = await issue(world, "one")
    [seat] = invoice.lines
    noted = await credit(world, invoice, Note(reason="Late", wanted=[Wanted(seat.id, 2500)]))

    assert (noted.number, noted.invoice.figures.due) == ("CN-2026-000001", 9000)
    assert noted.invoice.state is State.OPEN
    assert await books(world, invoice.project_id) == {
        "receivable": "90.00",
        "revenue": "75.00",
        "tax": "15.00",
    }
    assert await found(world) == []


async def test_an_invoice_that_is_credited_whole_is_settled(world: World) -> None:
    await open_office(world)
    invoice = await issue(world, "one")
    noted = await credit(world, invoice, Note(reason="All of it"))

    assert (noted.invoice.state, noted.invoice.figures.due) == (State.PAID, 0)
    assert await books(world, invoice.project_id) == {}
    with pytest.raises(NothingToCredit):
        await credit(world, invoice, Note(reason="Again"))
    assert await found(world) == []


async def test_what_was_paid_already_goes_into_the_wallet_that_is_named(world: World) -> None:
    await open_office(world)
    project = await open_project(world)
    wallet = await open_wallet(world, project)
    invoice = await pay(world, await issue(world, "one", project_id=project))
    [seat] = invoice.lines
    note = Note(reason="Half", wanted=[Wanted(seat.id, 5000)])
    with pytest.raises(CreditWalletMissing) as refused:
        await credit(world, invoice, note)
    noted = await credit(world, invoice, replace(note, wallet_id=wallet))

    assert refused.value.facts == {"amount": "60.00", "asset": "USD/2"}
    assert (noted.invoice.figures.given, noted.invoice.figures.due) == (6000, 0)
    assert noted.invoice.state is State.PAID
    assert await held(world, project, wallet) == "60.00"
    assert await found(world) == []


async def test_of_ten_credit_notes_that_race_for_a_line_no_more_is_taken_than_there_is(
    world: World,
) -> None:
    await open_office(world)
    invoice = await issue(world, "one")
    [seat] = invoice.lines

    async def one() -> str:
        try:
            made = await credit(world, invoice, Note(reason="R", wanted=[Wanted(seat.id, 3000)]))
        except CreditTooLarge:
            return "refused"
        return made.number

    told = sorted(await asyncio.gather(*(one() for _ in range(10))))

    assert told == [*(f"CN-2026-{n:06d}" for n in (1, 2, 3)), *["refused"] * 7]
    assert (await books(world, invoice.project_id))["receivable"] == "12.00"
    assert await found(world) == []


# -- What is earned --------------------------------------------------------------------------------


async def earn(world: World, days: float) -> None:
    world.clock.advance(days=days)
    async with world.database.begin(SYSTEM) as work:
        while await recognize_due(work, 50):
            pass


async def test_what_is_deferred_is_earned_as_its_period_passes(world: World) -> None:
    await open_office(world)
    seats = line("seats", "300.00", kind=LineKind.RECURRING, period=MONTH)
    invoice = await issue(world, "one", seats)
    told = [await books(world, invoice.project_id)]
    for days in (0.5, 2.5, 27, 1):
        await earn(world, days)
        told.append(await books(world, invoice.project_id))

    assert [(each.get("deferred"), each.get("revenue")) for each in told] == [
        ("300.00", None),
        # Nobody reports by the half day.
        ("300.00", None),
        ("270.00", "30.00"),
        (None, "300.00"),
        (None, "300.00"),
    ]
    assert await found(world) == []


async def test_a_credit_of_what_was_paid_in_advance_takes_back_both_parts(world: World) -> None:
    await open_office(world)
    seats = line("seats", "300.00", kind=LineKind.RECURRING, period=MONTH)
    invoice = await issue(world, "one", seats)
    await earn(world, 10)
    world.clock.advance(days=5)
    [line_id] = [each.id for each in invoice.lines]
    await credit(world, invoice, Note(reason="Half", wanted=[Wanted(line_id, 15000)]))
    half = await books(world, invoice.project_id)
    await earn(world, 30)

    assert (half["revenue"], half["deferred"], half["tax"]) == ("75.00", "75.00", "30.00")
    assert await books(world, invoice.project_id) == {
        "receivable": "180.00",
        "revenue": "150.00",
        "tax": "30.00",
    }
    assert await found(world) == []


async def test_a_void_of_what_was_paid_in_advance_leaves_nothing(world: World) -> None:
    await open_office(world)
    seats = line("seats", "300.00", kind=LineKind.RECURRING, period=MONTH)
    invoice = await issue(world, "one", seats)
    await earn(world, 10)
    async with unit(world) as work:
        await invoicing.void(work, invoice.id)
    await earn(world, 40)

    assert await books(world, invoice.project_id) == {}
    assert await found(world) == []
