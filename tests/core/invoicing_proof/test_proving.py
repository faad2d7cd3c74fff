"""The proof finds whatever was changed behind the back of invoicing, and says where."""

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import text

from core import invoicing, invoicing_proof
from core.bills import Wanted
from core.invoicing import LineKind, Note, Received
from core.kernel.period import Period
from core.kernel.proving import Proof
from tests.core.bills.bills import line, usd
from tests.core.invoicing.office import issue, open_office
from tests.core.ledger.books import unit
from tests.world import OPERATOR, START, World

pytestmark = pytest.mark.anyio


async def some_invoices(world: World) -> None:
    """Issue one that is paid, and one paid in part, credited in part and not wholly earned."""
    await open_office(world)
    paid = await issue(world, "one")
    year = Period(START, START + timedelta(days=365))
    other = await issue(
        world, "two", line("seat", "100.00", kind=LineKind.RECURRING, period=year), line("a", "5")
    )
    async with unit(world) as work:
        all_of_it = Received(amount=usd("120.00"), reference="payment:1")
        await invoicing.settle(work, paid.id, all_of_it)
        await invoicing.settle(work, other.id, Received(amount=usd("1.00"), reference="payment:2"))
        note = Note(reason="Late", wanted=[Wanted(other.lines[0].id, 1000)])
        await invoicing.credit_invoice(work, other.id, note)
    gone = await issue(world, "three")
    async with unit(world) as work:
        await invoicing.void(work, gone.id)


async def proof(world: World) -> Proof:
    found = Proof()
    async with world.database.read(OPERATOR) as work:
        await invoicing_proof.prove(work, found)
    return found


async def tamper(world: World, statement: str) -> None:
    """Change what is issued as someone who owns the tables can: without their guards."""
    async with world.owner() as connection:
        for table in (*invoicing_proof.PROTECTED, "ledger_entries", "ledger_transactions"):
            if world.url.startswith("postgres"):
                await connection.execute(text(f"alter table {table} disable trigger user"))
                continue
            for change in ("update", "delete"):
                await connection.execute(text(f"drop trigger {table}_no_{change}"))
        await connection.execute(text(statement))


async def test_what_nobody_touched_is_clean_and_wholly_looked_at(world: World) -> None:
    await some_invoices(world)

    found = await proof(world)

    assert found.differences == []
    assert found.looked_at == Counter(
        {
            "invoices and credit notes": 4,
            "invoice lines": 5,
            "settlements of invoices": 2,
            "invoices": 3,
        }
    )


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("update invoicing_documents set tax_note = 'x'", "it is not what was written"),
        ("update invoicing_lines set description = 'x'", "it is not what was written"),
        ("update invoicing_settlements set kind = 'applied'", "it is not what was written"),
        ("delete from invoicing_documents where sequence = 1", "numbers were given"),
        ("delete from invoicing_documents where kind = 'credit_note'", "1 numbers were given"),
        ("update invoicing_counters set last = last + 1", "numbers were given"),
        ("delete from invoicing_counters", "documents have one that nobody counted"),
        ("update invoicing_lines set net = net + 1", "its lines sum to"),
        ("update invoicing_lines set amount = amount + 1", "its lines sum to"),
        ("update invoicing_lines set discount = 1", "its lines sum to"),
        ("delete from invoicing_lines where position = 1", "its lines sum to"),
        ("update invoicing_documents set taxes = '[]'", "its taxes are another sum"),
        ("update invoicing_invoices set number = 'X-1' where number is not null",
         "it says that its number is X-1"),
        ("update invoicing_invoices set total = total + 1, paid = paid + 1",
         "what was issued and settled says"),
        ("update invoicing_invoices set credited = 0, state = 'open'",
         "what was issued and settled says"),
        ("delete from invoicing_invoices", "there is no such invoice"),
        ("delete from invoicing_settlements", "no invoice tells of"),
        ("update invoicing_settlements set amount = amount - 1", "is booked"),
        ("update ledger_transactions set reference = reference || 'x' where kind = 'invoice_void'",
         "of it was not taken back"),
        ("update invoicing_invoices set state = 'open' where state = 'void'",
         "no such invoice is void"),
        ("update ledger_entries set amount = amount + 1", "is owed by it"),
        ("update ledger_transactions set reference = reference || 'x' where kind = 'invoice'",
         "booked something else"),
        ("update ledger_transactions set kind = 'invoice' where kind = 'invoice_paid'",
         "are booked that no document tells of"),
        ("delete from ledger_transactions where kind = 'credit_note'", "0 is booked"),
        ("update invoicing_earnings set net = net + 1, next_at = '2030-01-01'",
         "is deferred otherwise than the books say"),
    ],
)  # fmt: skip
async def test_whatever_is_changed_behind_our_back_is_found(
    world: World, statement: str, problem: str
) -> None:
    await some_invoices(world)

    await tamper(world, statement)

    found = [str(each) for each in (await proof(world)).differences]
    assert any(problem in each for each in found), found
