"""Money in reports: what the ledger says, from sums or from its entries, to the unit."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from core import invoicing, ledger, revenue
from core.invoicing import LineKind, Note, Received, Wanted, booking
from core.invoicing.recognizing import recognize_due
from core.jobs import run_due
from core.kernel.caller import SYSTEM
from core.kernel.money import Asset, Money
from core.kernel.period import Period
from core.kernel.proving import Proof
from core.ledger import AccountRole
from core.ledger import tables as ledger_tables
from core.payments import KIND as PURCHASE
from core.payments import fulfilling
from core.revenue import books, tables
from core.revenue.tallying import SETTLED
from core.settling import refunding
from tests.core.bills.bills import line, usd
from tests.core.invoicing.office import ACME, issue, open_office
from tests.core.ledger.books import unit
from tests.core.revenue.desk import ask, report
from tests.core.subscriptions.counter import day
from tests.core.wallets.bank import grant, install_expiry, open_project, open_wallet
from tests.world import World

pytestmark = pytest.mark.anyio

USD = Asset("USD", 2)
MONEY = (
    *("invoiced", "credited", "collected", "refunded", "recognized", "breakage"),
    *("net_revenue", "deferred_end", "receivable_end"),
)


async def tally(world: World) -> None:
    """Add up everything that is settled, a transaction or two at a time."""
    more = True
    while more:
        async with world.database.begin(SYSTEM) as work:
            more = await revenue.tally_next(work, 2)


async def proven(world: World) -> list[str]:
    proof = Proof()
    async with world.database.read(SYSTEM) as work:
        await revenue.prove(work, proof)
    return [str(each) for each in proof.differences]


async def recognized(world: World) -> None:
    async with world.database.begin(SYSTEM) as work:
        await recognize_due(work, 100)


async def post(world: World, project: str, kind: str, amount: str) -> None:
    """Book money that came, or went back, against what was sold for it."""
    async with unit(world, project) as work:
        entries = tuple(
            ledger.Entry(ledger.operator_account(project, role, USD), each)
            for role, each in (
                (AccountRole.CLEARING, Money.of(amount, USD)),
                (AccountRole.EXCHANGE, -Money.of(amount, USD)),
            )
        )
        transaction = ledger.Transaction(
            project_id=project,
            id=work.ids.new("txn"),
            kind=kind,
            reference=f"test:{kind}",
            entries=entries,
            memo="",
            invocation_id=None,
            terms=ledger.Terms(kind),
        )
        await ledger.post(work, transaction)


async def in_books(world: World, role: AccountRole) -> str:
    """Say what accounts of a role hold, of all projects, on their own side."""
    a = ledger_tables.accounts.c
    query = select(a.posted, a.side).where(a.role == str(role), a.asset == str(USD))
    async with world.database.read(SYSTEM) as work:
        return Money(sum(row.posted * row.side for row in await work.execute(query)), USD).decimal


async def test_money_is_told_from_the_ledger_whether_it_is_added_up_yet_or_not(
    world: World,
) -> None:
    await open_office(world)
    world.clock.instant = day("2026-11-20 09:00")
    project = await open_project(world)
    wallet = await open_wallet(world, project)
    # 300 for thirty days, and 20 % of tax; ten days of it are in November.
    month = Period(day("2026-11-21"), day("2026-12-21"))
    told = line("fee", "300.00", kind=LineKind.RECURRING, period=month)
    invoice = await issue(world, "one", told, project_id=project)
    await post(world, project, PURCHASE, "25.00")
    await post(world, project, refunding.KIND, "-5.00")
    world.clock.instant = day("2026-12-01")
    await recognized(world)
    async with unit(world, project) as work:
        paid = Received(amount=usd("60.00"), reference="bank:1")
        await invoicing.settle(work, invoice.id, paid)
    # Half of what is left unearned is taken back, with its tax.
    line_id = invoice.lines[0].id
    async with unit(world, project) as work:
        note = Note(reason="goodwill", wanted=[Wanted(line_id, 15_000)], wallet_id=wallet)
        await invoicing.credit_invoice(work, invoice.id, note)
    world.clock.instant = day("2026-12-21 12:00")
    await recognized(world)

    by_hand = {
        # 360 are asked for; what was earned by midnight is booked in the first of December.
        "2026-11-01": "360.00 0.00 25.00 5.00 0.00 0.00 0.00 300.00 360.00",
        # 300 less 150 is earned to the last; 180 are taken back, and 60 came: 120 are owed.
        "2026-12-01": "0.00 180.00 60.00 0.00 150.00 0.00 150.00 0.00 120.00",
    }

    async def now() -> dict[str, str]:
        spans = await report(world, "2026-11-01", "2026-12-31")
        return {each["start_on"]: " ".join(each[name] for name in MONEY) for each in spans}

    assert await now() == by_hand
    assert await in_books(world, AccountRole.RECEIVABLE) == "120.00"
    await tally(world)
    # What was just posted is not settled: it is read from the ledger still.
    async with world.database.read(SYSTEM) as work:
        b = tables.booked.c
        rows = list(await work.execute(select(b.amount).where(b.role == "deferred")))
    assert rows
    assert (await now(), await proven(world)) == (by_hand, [])
    world.clock.advance(SETTLED + timedelta(minutes=1))
    await tally(world)
    await tally(world)
    assert (await now(), await proven(world)) == (by_hand, [])


async def test_a_sum_that_is_not_what_was_booked_is_found(world: World) -> None:
    await open_office(world)
    project = await open_project(world)
    await issue(world, "one", line("seat", "100.00"), project_id=project)
    world.clock.advance(SETTLED + timedelta(minutes=1))
    await tally(world)
    assert await proven(world) == []
    b = tables.booked.c
    async with world.database.begin(SYSTEM) as work:
        tampered = update(tables.booked).where(b.role == "revenue").values(amount=b.amount + 1)
        await work.execute(tampered)
        await work.execute(tables.booked.delete().where(b.role == "tax"))

    assert sorted(each.split(" ")[2] for each in await proven(world)) == ["revenue", "tax"]


async def test_what_expires_unused_is_breakage_in_the_month_in_which_it_does(world: World) -> None:
    world.clock.instant = day("2026-11-20")
    project = await open_project(world)
    wallet = await open_wallet(world, project)
    await grant(world, wallet, "10.00", expires_at="2026-12-05T00:00:00Z")
    expiry = await install_expiry(world)
    world.clock.instant = day("2026-12-06")
    await run_due(expiry)

    spans = await report(world, "2026-11-01", "2026-12-31")

    assert [(each["breakage"], each["net_revenue"]) for each in spans] == [
        ("0.00", "0.00"),
        ("10.00", "10.00"),
    ]


def test_kinds_of_money_are_called_as_those_who_book_it_call_them() -> None:
    assert {
        PURCHASE,
        fulfilling.SHORT,
        ledger.flows.TOP_UP.kind,
        booking.PAID,
    } == books.CAME
    assert {refunding.KIND, "reversal"} == books.WENT_BACK
    assert {booking.INVOICE} == books.INVOICED
    assert {booking.NOTE, booking.VOID} == books.CREDITED


async def test_the_ages_of_what_is_owed_sum_to_what_the_books_have_as_receivable(
    world: World,
) -> None:
    await open_office(world)
    project, other = await open_project(world), await open_project(world, "Other")
    made = {}
    # Each is due two weeks after it was issued, and asked about on 1 June: days past due.
    due = {"old": 120, "late": 90, "sixty": 60, "thirty": 30, "one": 1, "today": 0, "soon": -9}
    for name, days in due.items():
        issued_on = day("2026-06-01 08:00") - timedelta(days=days) - ACME.time_to_pay
        world.clock.instant = issued_on
        of = other if name == "soon" else project
        made[name] = await issue(world, name, line("work", "100.00"), project_id=of)
    for name in ("void", "lost", "paid"):
        made[name] = await issue(world, name, line("work", "100.00"), project_id=project)
    world.clock.instant = day("2026-06-01 12:00")
    async with unit(world, project) as work:
        await invoicing.settle(
            work, made["one"].id, Received(amount=usd("20.00"), reference="bank:1")
        )
        await invoicing.settle(
            work, made["paid"].id, Received(amount=usd("120.00"), reference="bank:2")
        )
        some = [Wanted(made["old"].lines[0].id, 5000)]
        await invoicing.credit_invoice(work, made["old"].id, Note(reason="goodwill", wanted=some))
        await invoicing.void(work, made["void"].id)
        await invoicing.give_up(work, made["lost"].id)

    told: dict[str, Any] = await ask(world, "get_receivables_report")

    assert {each["age"]: (each["invoices"], each["due"]) for each in told["parts"]} == {
        "current": (2, "240.00"),
        # 1 day with 100 left, and 30.
        "days_1_30": (2, "220.00"),
        "days_31_60": (1, "120.00"),
        "days_61_90": (1, "120.00"),
        # Half of it was credited.
        "days_over_90": (1, "60.00"),
        "uncollectible": (1, "120.00"),
    }
    assert told["total"] == await in_books(world, AccountRole.RECEIVABLE) == "880.00"
    assert told["debtors"] == [
        {
            "project_id": project,
            "invoices": 6,
            "due": "640.00",
            "overdue": "520.00",
            "oldest_due_at": "2026-02-01T08:00:00Z",
        },
        {
            "project_id": other,
            "invoices": 1,
            "due": "120.00",
            "overdue": "0.00",
            "oldest_due_at": "2026-06-10T08:00:00Z",
        },
    ]
    # An hour before midnight in New York it is still May there, and one day less.
    world.clock.instant = day("2026-06-02 03:00")
    told = await ask(world, "get_receivables_report", time_zone="America/New_York")
    assert [each["due"] for each in told["parts"][:2]] == ["240.00", "220.00"]
    told = await ask(world, "get_receivables_report", time_zone="UTC")
    assert [each["due"] for each in told["parts"][:2]] == ["120.00", "220.00"]
