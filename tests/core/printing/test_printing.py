"""What was issued is a page that is the same for ever, in the customer's language."""

import base64
import hashlib
import json
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from core import jobs, printing, surface
from core.jobs import Runtime
from core.kernel.caller import Role
from core.messaging import Relay
from core.printing import tables
from core.printing.words import LANGUAGES
from mcp_server.adapters.local_broker import LocalBroker
from tests.core.invoicing.office import found
from tests.core.invoicing.test_operations import draw_up, open_shop, refusal
from tests.core.ledger.books import unit
from tests.core.wallets.bank import must
from tests.fakes.renderer import FakeRenderer
from tests.world import OPERATOR, World, agent

pytestmark = pytest.mark.anyio


async def issue(world: World, project: str, **details: Any) -> str:
    """Issue an invoice to somebody with these details, and return its id."""
    told = {"name": "Ada SARL", "address": {"lines": ["Rue 1"], "city": "Paris"}} | details
    await must(world, "update_billing_details", agent(Role.OWNER, project), **told)
    draft = await draw_up(world, project)
    await must(world, "finalize_invoice", OPERATOR, project_id=project, invoice_id=draft["id"])
    return str(draft["id"])


async def pdf(world: World, project: str, document_id: str) -> dict[str, Any]:
    viewer = agent(Role.VIEWER, project)
    return await must(world, "get_invoice_pdf", viewer, document_id=document_id)


def said(answer: dict[str, Any]) -> dict[str, Any]:
    """Read the page as the renderer of these tests sets it: the words alone."""
    page = base64.b64decode(answer["content_base64"])
    assert hashlib.sha256(page).hexdigest() == answer["sha256"]
    told: dict[str, Any] = json.loads(page.removeprefix(b"%PDF-"))
    return told


async def work_off(world: World) -> None:
    """Hear what was told, and do what is due."""
    known = {each.name: each for each in surface.JOBS}
    broker = LocalBroker(world.database, (printing.SUBSCRIPTION,))
    while await Relay(world.database, broker).relay_batch():
        pass
    await jobs.run_due(Runtime(world.database, known, {printing.PRINTER: FakeRenderer()}))


async def test_a_page_says_everything_in_the_customers_language(world: World) -> None:
    project = await open_shop(world)
    answer = await pdf(world, project, await issue(world, project, language="de"))
    told = said(answer)

    assert (answer["number"], answer["filename"]) == ("INV-2026-000001", "INV-2026-000001.pdf")
    assert told["title"] == "Rechnung INV-2026-000001"
    assert told["facts"] == [["Datum", "20.11.2026"]]
    assert told["buyer"] == ["Ada SARL", "Rue 1", "Paris"]
    assert told["seller"] == ["Acme GmbH", "Main Street 1", "Berlin", "DE", "DE136695976"]
    assert told["lines"][0] == {
        "description": "Seats",
        "period": "",
        "quantity": "3",
        "unit": "10",
        "amount": "30,00 USD",
    }
    assert told["sums"] == [
        ["Netto", "100,00 USD"],
        ["USt 19 %", "19,00 USD"],
        ["Gesamt", "119,00 USD"],
    ]


async def test_the_page_stays_what_it_was_whatever_changes_since(world: World) -> None:
    project = await open_shop(world)
    invoice = await issue(world, project)
    before = await pdf(world, project, invoice)
    await work_off(world)
    owner = agent(Role.OWNER, project)
    await must(world, "update_billing_details", owner, name="Another", language="fr")
    world.clock.advance(days=400)
    after = await pdf(world, project, invoice)

    assert before["is_as_printed_first"] is None
    assert after["is_as_printed_first"] is True
    assert (after["sha256"], after["content_base64"]) == (
        before["sha256"],
        before["content_base64"],
    )
    assert await found(world) == []


async def test_every_document_is_printed_once_and_its_hash_kept(world: World) -> None:
    project = await open_shop(world)
    invoice = await issue(world, project)
    here = {"project_id": project, "invoice_id": invoice}
    noted = await must(world, "create_credit_note", OPERATOR, **here, reason="Goodwill")
    for _ in range(2):
        await work_off(world)
    note = await pdf(world, project, noted["credit_note_id"])
    async with unit(world, project) as work:
        rows = (await work.execute(select(tables.prints))).all()

    assert {row.sha256.hex() for row in rows} == {
        (await pdf(world, project, invoice))["sha256"],
        note["sha256"],
    }
    assert len(rows) == 2
    assert said(note)["title"] == "Credit note CN-2026-000001"
    assert ["Of invoice", "INV-2026-000001"] in said(note)["facts"]
    assert note["is_as_printed_first"] is True
    assert await found(world) == []


async def test_a_draft_and_what_is_anothers_have_no_page(world: World) -> None:
    project = await open_shop(world)
    draft = await draw_up(world, project)
    other = agent(Role.OWNER)
    viewer = agent(Role.VIEWER, project)
    of_draft = await refusal(world, "get_invoice_pdf", viewer, document_id=draft["id"])
    as_note = "crn" + draft["id"][4:]
    await must(world, "finalize_invoice", OPERATOR, project_id=project, invoice_id=draft["id"])
    by_another_noun = await refusal(world, "get_invoice_pdf", viewer, document_id=as_note)
    of_another = await refusal(world, "get_invoice_pdf", other, document_id=draft["id"])

    assert (of_draft.code, by_another_noun.code) == ("document_not_found", "document_not_found")
    assert of_another.code in {"document_not_found", "project_not_found"}


@pytest.mark.parametrize(
    ("code", "amount", "day"),
    [
        ("en", "-1,234,567.80", "2026-11-05"),
        ("de", "-1.234.567,80", "05.11.2026"),
        ("fr", "-1\N{NARROW NO-BREAK SPACE}234\N{NARROW NO-BREAK SPACE}567,80", "05/11/2026"),
        ("es", "-1.234.567,80", "05/11/2026"),
    ],
)
def test_numbers_and_days_are_written_as_the_language_does(
    code: str, amount: str, day: str
) -> None:
    language = LANGUAGES[code]

    assert language.number("-1234567.80") == amount
    assert language.number("0") == "0"
    assert language.day(date(2026, 11, 5)) == day


def test_every_language_has_every_word() -> None:
    assert {tuple(each.words) for each in LANGUAGES.values()} == {tuple(LANGUAGES["en"].words)}
    assert all(word for each in LANGUAGES.values() for word in each.words.values())
