"""Whatever invoicing books is explained by the papers: issued, paid, earned and taken back."""

from typing import Any

import pytest

from core import invoicing, stepping
from core.bills import Wanted
from core.explaining.provided import IN_PARTS
from core.invoicing import Invoice, LineKind, Note, Received
from core.kernel.caller import SYSTEM
from core.ledger import AccountRole
from tests.core.bills.bills import line, usd
from tests.core.invoicing.office import issue, open_office
from tests.core.invoicing.test_settling import MONTH, credit, earn, pay
from tests.core.ledger.books import unit
from tests.core.quoting.test_every_origin import all_explained, matches
from tests.core.quoting.test_explaining import tamper
from tests.core.stepping.agency import open_agency
from tests.core.stepping.test_following import subscribed
from tests.core.wallets.bank import open_project, open_wallet
from tests.world import PROJECT, World

pytestmark = pytest.mark.anyio

SEATS = line("seats", "300.00", kind=LineKind.RECURRING, period=MONTH)
OWED = ("invoice", "invoice_credits", "invoice_paid", "invoice_returned", "earned")
TAKEN = ("credit_note", "credit_given", "invoice_void")


async def history(world: World) -> tuple[str, Invoice]:
    """Bill, let a wallet and two payments pay, earn, credit twice, and void another invoice."""
    await open_office(world)
    project = await open_project(world)
    wallet = await open_wallet(world, project, "50.00")
    invoice = await issue(world, "one", SEATS, project_id=project, wallet_ids=[wallet])
    await pay(world, invoice, Received(amount=usd("100.00"), reference="bank:7", on=BANK))
    money = Received(amount=usd("50.00"), reference="payment:1", on=AccountRole.EXCHANGE)
    await pay(world, invoice, money)
    async with unit(world, project) as work:
        await invoicing.take_back(work, invoice.id, usd("20.00"), reference="payment:1:1")
    await earn(world, 10.3)
    [seats] = [each.id for each in invoice.lines]
    world.clock.advance(days=3.7)
    await credit(world, invoice, Note(reason="Late", wanted=[Wanted(seats, 10001)]))
    # At the same instant something is earned of what is left, and more of it is taken back.
    await earn(world, 2)
    note = Note(reason="More", wanted=[Wanted(seats, 15000)], wallet_id=wallet)
    await credit(world, invoice, note)
    await earn(world, 30)
    other = line("other", "333.33", kind=LineKind.RECURRING, period=MONTH)
    mistake = await issue(world, "two", other, project_id=project, wallet_ids=[wallet])
    async with unit(world, project) as work:
        await invoicing.void(work, mistake.id)
    return project, invoice


BANK = AccountRole.BANK


async def test_all_that_an_invoice_books_is_explained_and_matches(world: World) -> None:
    project, invoice = await history(world)

    told = await all_explained(world, project)

    assert matches(told) == {kind: {True} for kind in ("grant", *OWED, *TAKEN)}
    first = told["invoice"][0]
    assert (first["origin"], first["origin_id"]) == ("invoice", invoice.id)
    assert first["summary"] == f"Invoice {invoice.number} over 360.00 USD"
    assert first["facts"] | {"due": "", "state": ""} == {
        "invoice_id": invoice.id,
        "number": invoice.number,
        "state": "",
        "bills": "one",
        "credited": "300.01",
        "due": "",
        "asset": "USD/2",
        "subtotal": "300.00",
        "discount": "0.00",
        "net": "300.00",
        "tax": "60.00",
        "total": "360.00",
    }
    assert {each["account"]: each["recomputed"] for each in first["movements"]} == {
        "receivable": "360.00",
        "deferred": "300.00",
        "tax": "60.00",
    }
    assert {each["origin"] for each in told["credit_note"]} == {"credit_note"}
    assert [each["facts"]["reason"] for each in told["credit_note"]] == ["Late", "More"]
    assert [each["summary"] for each in told["invoice_paid"]] == [
        f"{amount} USD came for invoice {invoice.number}" for amount in ("100.00", "50.00")
    ]
    assert len(told["earned"]) == 3


@pytest.mark.parametrize(
    ("tampering", "kinds"),
    [
        ("update invoicing_lines set net = net + 1", {"invoice", "credit_note"}),
        ("update invoicing_lines set tax = tax - 1", {"invoice", "credit_note", "invoice_void"}),
        (
            "update invoicing_documents set total = total + 1, net = net + 1",
            {"invoice", "credit_note"},
        ),
        (
            "update invoicing_settlements set amount = amount + 1",
            {"invoice_credits", "invoice_paid", "invoice_returned", "credit_given"},
        ),
        ("delete from invoicing_settlements", {"invoice_paid", "credit_given"}),
    ],
)
async def test_a_figure_that_was_changed_behind_our_back_no_longer_matches(
    world: World, tampering: str, kinds: set[str]
) -> None:
    project, _ = await history(world)

    await tamper(world, tampering)
    told: dict[str, list[dict[str, Any]]] = await all_explained(world, project)

    assert {kind: matches(told)[kind] for kind in kinds} == {kind: {False} for kind in kinds}
    assert all(each["differences"] for kind in kinds for each in told[kind])
    assert matches(told)["grant"] == {True}


async def test_what_a_provider_billed_is_explained_as_a_whole(world: World) -> None:
    agency = await open_agency(world)
    await subscribed(agency)
    world.clock.advance(days=3)
    async with world.database.begin(SYSTEM) as work:
        await stepping.earning.earn_due(work, 50)
    before = await all_explained(world, PROJECT)

    await tamper(world, "update stepping_earnings set billed = billed + 1")
    after = await all_explained(world, PROJECT)

    assert matches(before)["provider_invoice"] == {True}
    assert matches(before)["provider_earned"] == {None}
    assert before["provider_earned"][0]["differences"] == [IN_PARTS]
    assert matches(after)["provider_invoice"] == {False}
