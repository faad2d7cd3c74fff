"""An invoice is issued once, with a number, and the books say what it says."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import starmap

import pytest

from core import invoicing, parties, taxing
from core.bills import InvoiceChanged, InvoiceCurrencyDiffers, LegalEntityNotFound
from core.invoicing import (
    Address,
    BillingDetails,
    InvoiceBelowZero,
    InvoiceEmpty,
    InvoiceNotFound,
    InvoiceNotInState,
    InvoiceReferenceTaken,
    LineKind,
    State,
    finding,
)
from core.kernel.period import Period
from tests.core.bills.bills import EUR, USD, line
from tests.core.invoicing.office import ACME, draw_up, found, issue, numbers, open_office, project
from tests.core.ledger.books import balances, unit
from tests.world import START, World

pytestmark = pytest.mark.anyio

MONTH = Period(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))


async def test_what_is_issued_is_owed_with_its_taxes(world: World) -> None:
    await open_office(world)
    invoice = await issue(world, "one", line("seat", "100.00"), line("usage", "5.55"))

    assert (invoice.state, invoice.number) == (State.OPEN, "INV-2026-000001")
    assert (invoice.figures.total, invoice.figures.due) == (12666, 12666)
    assert invoice.due_at == START + timedelta(days=14)
    assert await balances(world) == {"receivable": "126.66", "revenue": "105.55", "tax": "21.11"}
    assert await found(world) == []


async def test_a_draft_has_no_number_and_books_nothing(world: World) -> None:
    await open_office(world)
    draft = await draw_up(world, "one", line("seat", "100.00"))
    async with unit(world) as work:
        totals = await invoicing.totals_of(work, draft)

    assert (draft.state, draft.number, totals.total) == (State.DRAFT, None, 12000)
    assert await balances(world) == {}
    assert await numbers(world) == []


async def test_what_is_invoiced_in_advance_is_earned_as_it_passes(world: World) -> None:
    await open_office(world)
    seats = line("seats", "300.00", kind=LineKind.RECURRING, period=MONTH)
    await issue(world, "one", seats)

    # Nine hours of the twentieth day: 19.375 of 30 days.
    assert await balances(world) == {
        "receivable": "360.00",
        "revenue": "193.75",
        "deferred": "106.25",
        "tax": "60.00",
    }
    assert await found(world) == []


async def test_one_that_comes_to_nothing_is_paid_at_once(world: World) -> None:
    await open_office(world)
    invoice = await issue(world, "one", line("seat", "10.00"), line("back", "-10.00"))

    assert (invoice.state, invoice.figures.total, invoice.paid_at) == (State.PAID, 0, START)
    assert await numbers(world) == ["INV-2026-000001"]
    assert await found(world) == []


async def test_what_would_be_below_zero_is_not_issued(world: World) -> None:
    await open_office(world)
    with pytest.raises(InvoiceBelowZero) as refused:
        await issue(world, "one", line("back", "-10.00"))

    assert (refused.value.total, refused.value.asset) == ("-12.00", "USD/2")
    assert await numbers(world) == []


async def test_one_without_lines_is_not_issued(world: World) -> None:
    await open_office(world)
    empty = await draw_up(world, "one")
    async with unit(world) as work:
        with pytest.raises(InvoiceEmpty):
            await invoicing.finalize(work, empty.id)


async def test_the_same_bill_again_is_the_same_invoice_and_another_is_refused(
    world: World,
) -> None:
    await open_office(world)
    first = await draw_up(world, "one", line("seat", "100.00"))
    again = await draw_up(world, "one", line("seat", "100.00"))
    with pytest.raises(InvoiceReferenceTaken) as refused:
        await draw_up(world, "one", line("seat", "99.00"))

    assert again == first
    assert refused.value.facts == {"reference": "one", "invoice_id": first.id}


async def test_what_is_void_may_be_billed_anew(world: World) -> None:
    await open_office(world)
    wrong = await issue(world, "one")
    async with unit(world) as work:
        await invoicing.void(work, wrong.id)
    right = await issue(world, "one", line("seat", "90.00"))

    assert (right.number, right.figures.total) == ("INV-2026-000002", 10800)
    assert await balances(world) == {"receivable": "108.00", "revenue": "90.00", "tax": "18.00"}
    assert await found(world) == []


async def test_it_is_issued_once(world: World) -> None:
    await open_office(world)
    invoice = await issue(world, "one")
    async with unit(world) as work:
        with pytest.raises(InvoiceNotInState) as refused:
            await invoicing.finalize(work, invoice.id)
        with pytest.raises(InvoiceChanged):
            await invoicing.finalize(work, invoice.id, version=1)

    assert refused.value.state == "open"
    assert await numbers(world) == ["INV-2026-000001"]


async def test_another_projects_invoice_is_not_found(world: World) -> None:
    await open_office(world)
    invoice = await draw_up(world, "one", line("seat", "100.00"))
    async with unit(world, project(2)) as work:
        with pytest.raises(InvoiceNotFound):
            await invoicing.finalize(work, invoice.id)
        with pytest.raises(InvoiceNotFound):
            await invoicing.void(work, invoice.id)


async def test_a_line_in_another_currency_and_an_unknown_entity_are_refused(world: World) -> None:
    await open_office(world)
    async with unit(world) as work:
        bill = invoicing.Bill(reference="x", asset=EUR, lines=[line("", "1.00")])
        with pytest.raises(InvoiceCurrencyDiffers) as refused:
            await invoicing.draft(work, bill)
        with pytest.raises(LegalEntityNotFound):
            await invoicing.draft(work, replace(bill, asset=USD, entity_key="nobody"))

    assert refused.value.field == "lines.0.amount"


async def test_an_invoice_keeps_who_bought_and_sold_as_they_were(world: World) -> None:
    await open_office(world)
    ada = BillingDetails(
        name="Ada SARL",
        vat_id="FR40303265045",
        address=Address(lines=("Rue 1",), city="Paris", country="FR"),
    )
    async with unit(world) as work:
        told = {each: getattr(ada, each) for each in ("name", "vat_id", "address")}
        await parties.set_details(work, told)
    invoice = await issue(world, "one")
    async with unit(world) as work:
        await parties.set_details(work, {"name": "Another SARL"})
        [document] = await finding.documents(work, invoice.id)

    assert (document.buyer["name"], document.buyer["vat_id"]) == ("Ada SARL", "FR40303265045")
    assert (document.treatment, document.tax, document.total) == ("reverse_charge", 0, 10000)
    assert document.tax_note.startswith("Reverse charge")
    assert document.seller["name"] == "Acme GmbH"
    assert await found(world) == []


async def test_prices_may_contain_their_taxes(world: World) -> None:
    inclusive = taxing.Policy(taxing.Behaviour.INCLUSIVE)
    await open_office(world, replace(ACME, policy=inclusive))
    await issue(world, "one", line("seat", "120.00"))

    assert await balances(world) == {"receivable": "120.00", "revenue": "100.00", "tax": "20.00"}


async def test_numbers_begin_anew_with_the_year_of_the_legal_entity(world: World) -> None:
    await open_office(world)
    # 23:30 in London is the next year in Berlin already.
    world.clock.instant = datetime(2026, 12, 31, 22, 30, tzinfo=UTC)
    before = await issue(world, "one")
    world.clock.advance(hours=1)
    after = [await issue(world, each) for each in ("two", "three")]

    assert [each.number for each in (before, *after)] == [
        *starmap("INV-{}-{:06d}".format, [(2026, 1), (2027, 1), (2027, 2)])
    ]
    assert await found(world) == []
