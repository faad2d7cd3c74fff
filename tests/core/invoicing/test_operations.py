"""Invoices are asked for in words, and answered with every figure."""

from typing import Any

import pytest

from core.kernel.caller import Caller, Role
from core.kernel.errors import EngineError
from tests.core.invoicing.office import found
from tests.core.wallets.bank import ask, must, open_project, open_wallet
from tests.world import OPERATOR, World, agent

pytestmark = pytest.mark.anyio

SELLER = {
    "entity_key": "default",
    "name": "Acme GmbH",
    "address": {"lines": ["Main Street 1"], "city": "Berlin", "country": "DE"},
    "vat_id": "DE 136 695 976",
    "time_zone": "Europe/Berlin",
}
RULES = [{"country": "DE", "rates": [{"name": "USt", "percent": "19"}]}]
LINES = [
    {"description": "Seats", "amount": "30.00", "quantity": "3", "unit_amount": "10"},
    {"description": "Set-up", "amount": "70.00"},
]


async def open_shop(world: World) -> str:
    await must(world, "set_legal_entity", OPERATOR, **SELLER)
    await must(world, "set_tax_rules", OPERATOR, entity_key="default", tax_rules=RULES)
    return await open_project(world)


async def refusal(world: World, name: str, caller: Caller, /, **sent: Any) -> EngineError:
    """Ask for what must be refused, and return why it was."""
    outcome = await ask(world, name, caller, **sent)
    assert outcome.error is not None, outcome.body
    return outcome.error


def fields(error: EngineError) -> list[str]:
    return [each["field"] for each in error.facts["problems"]]


async def draw_up(world: World, project_id: str, **more: Any) -> dict[str, Any]:
    sent = {"reference": "one", "currency": "USD/2", "lines": LINES} | more
    return await must(world, "create_invoice", OPERATOR, project_id=project_id, **sent)


async def test_an_invoice_from_its_draft_to_its_credit_note(world: World) -> None:
    project = await open_shop(world)
    here = {"project_id": project}
    owner = agent(Role.OWNER, project)
    await must(world, "update_billing_details", owner, name="Ada Ltd", address={"lines": ["X"]})
    draft = await draw_up(world, project)
    one = here | {"invoice_id": draft["id"]}
    assert (draft["state"], draft["number"], draft["total"]) == ("draft", None, "119.00")
    refused = await refusal(world, "get_invoice", owner, invoice_id=draft["id"])
    assert refused.code == "invoice_not_found"
    assert (await must(world, "list_invoices", owner))["items"] == []

    issued = await must(world, "finalize_invoice", OPERATOR, **one, version=draft["version"])
    paid = await must(
        world, "pay_invoice", OPERATOR, **one, amount="100.00", payment_reference="bank 1"
    )
    wallet = await open_wallet(world, project)
    line = issued["lines"][0]["line_id"]
    noted = await must(
        world,
        "create_credit_note",
        OPERATOR,
        **one,
        reason="Not used",
        lines=[{"line_id": line, "amount": "30.00"}],
        wallet_id=wallet,
    )
    shown = await must(world, "get_invoice", owner, invoice_id=draft["id"])

    assert (issued["number"], issued["amount_due"]) == ("INV-2026-000001", "119.00")
    assert issued["taxes"] == [{"name": "USt", "percent": "19", "amount": "19.00"}]
    assert (issued["seller"]["vat_id"], issued["buyer"]["name"]) == ("DE136695976", "Ada Ltd")
    assert (paid["state"], paid["amount_due"]) == ("open", "19.00")
    assert noted["number"] == "CN-2026-000001"
    assert (shown["state"], shown["credited"], shown["given"]) == ("paid", "35.70", "16.70")
    assert [each["total"] for each in shown["credit_notes"]] == ["35.70"]
    [listed] = (await must(world, "list_invoices", owner, state="paid"))["items"]
    assert (listed["number"], listed["total"], listed["amount_due"]) == (
        "INV-2026-000001",
        "119.00",
        "0.00",
    )
    balance = await must(world, "check_balance", owner, wallet_id=wallet)
    assert balance["available"] == "16.70"
    assert await found(world) == []


async def test_a_draft_takes_other_lines_and_what_was_issued_does_not(world: World) -> None:
    project = await open_shop(world)
    draft = await draw_up(world, project)
    one = {"project_id": project, "invoice_id": draft["id"]}
    other = await must(world, "update_invoice", OPERATOR, **one, lines=LINES[:1], version=1)
    stale = await refusal(world, "finalize_invoice", OPERATOR, **one, version=1)
    await must(world, "finalize_invoice", OPERATOR, **one, version=2)
    refused = await refusal(world, "update_invoice", OPERATOR, **one, lines=LINES)

    assert (other["total"], other["version"]) == ("35.70", 2)
    assert (stale.code, refused.code) == ("invoice_changed", "invoice_not_in_state")


async def test_a_line_of_another_invoice_is_not_credited(world: World) -> None:
    project = await open_shop(world)
    drafts = [await draw_up(world, project, reference=f"r{n}") for n in (1, 2)]
    issued = [
        await must(world, "finalize_invoice", OPERATOR, project_id=project, invoice_id=each["id"])
        for each in drafts
    ]
    answer = await refusal(
        world,
        "create_credit_note",
        OPERATOR,
        project_id=project,
        invoice_id=issued[0]["id"],
        reason="R",
        lines=[{"line_id": issued[1]["lines"][0]["line_id"]}],
    )

    assert answer.code == "invoice_line_not_found"


@pytest.mark.parametrize(
    ("name", "sent", "field"),
    [
        ("set_legal_entity", SELLER | {"address": {"lines": []}}, "address.country"),
        ("set_legal_entity", SELLER | {"time_zone": "Mars/Base"}, "time_zone"),
        ("set_legal_entity", SELLER | {"vat_id": "DE136695977"}, "vat_id"),
        (
            "set_tax_rules",
            {
                "entity_key": "default",
                "tax_rules": [{"country": "DE", "rates": [{"name": "V", "percent": "101"}]}],
            },
            "tax_rules.0.rates.0.percent",
        ),
        (
            "set_tax_rules",
            {
                "entity_key": "default",
                "tax_rules": [{"country": "DE", "rates": [], "until": "2026-02-30"}],
            },
            "tax_rules.0.until",
        ),
    ],
)
async def test_what_is_wrong_is_named_by_its_place(
    world: World, name: str, sent: dict[str, Any], field: str
) -> None:
    await must(world, "set_legal_entity", OPERATOR, **SELLER)
    answer = await refusal(world, name, OPERATOR, **sent)

    assert answer.code == "invalid_request"
    assert fields(answer) == [field]


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ({"description": "A", "amount": "1.005"}, "lines.0.amount"),
        (
            {"description": "A", "amount": "1", "start_at": "2026-11-20T00:00:00Z"},
            "lines.0.end_at",
        ),
        (
            {
                "description": "A",
                "amount": "1",
                "start_at": "2026-11-20T00:00:00Z",
                "end_at": "2026-11-20T00:00:00Z",
            },
            "lines.0.end_at",
        ),
    ],
)
async def test_a_line_that_is_wrong_is_named_by_its_place(
    world: World, line: dict[str, Any], field: str
) -> None:
    project = await open_shop(world)
    answer = await refusal(
        world,
        "create_invoice",
        OPERATOR,
        project_id=project,
        reference="one",
        currency="USD/2",
        lines=[line],
    )

    assert fields(answer) == [field]


async def test_only_an_operator_says_who_is_exempt_from_taxes(world: World) -> None:
    project = await open_shop(world)
    owner = agent(Role.OWNER, project)
    refused = await refusal(world, "update_billing_details", owner, tax_exempt=True)
    await must(world, "update_billing_details", OPERATOR, project_id=project, tax_exempt=True)
    draft = await draw_up(world, project)

    assert fields(refused) == ["tax_exempt"]
    assert (draft["tax_treatment"], draft["tax"], draft["total"]) == ("exempt", "0.00", "100.00")


async def test_details_are_changed_by_name_and_the_rest_stays(world: World) -> None:
    project = await open_shop(world)
    owner = agent(Role.ADMIN, project)
    await must(world, "update_billing_details", owner, name="Ada", vat_id="fr 40 303 265 045")
    await must(world, "update_billing_details", owner, language="fr")
    shown = await must(world, "get_billing_details", agent(Role.VIEWER, project))
    gone = await must(world, "update_billing_details", owner, vat_id=None)

    assert (shown["name"], shown["vat_id"], shown["language"]) == ("Ada", "FR40303265045", "fr")
    assert (gone["name"], gone["vat_id"]) == ("Ada", None)


async def test_a_discount_that_was_removed_is_not_taken_off_and_says_so(world: World) -> None:
    project = await open_shop(world)
    coupon = {"coupon_key": "half", "name": "Half", "kind": "percent", "percent": "50"}
    await must(world, "create_coupon", OPERATOR, **coupon)
    code = await must(world, "create_promotion_code", OPERATOR, coupon_key="half")
    owner = agent(Role.OWNER, project)
    discount = await must(world, "redeem_promotion_code", owner, code=code["code"])
    draft = await draw_up(world, project, use_discounts=True, memo="Welcome")
    here = {"project_id": project}
    await must(world, "remove_discount", OPERATOR, **here, discount_id=discount["id"])
    one = here | {"invoice_id": draft["id"]}
    refused = await refusal(world, "finalize_invoice", OPERATOR, **one)
    changed = await must(world, "update_invoice", OPERATOR, **one, lines=LINES, use_discounts=False)
    issued = await must(world, "finalize_invoice", OPERATOR, **one)

    assert refused.code == "discount_not_active"
    assert (changed["discount"], changed["memo"]) == ("0.00", "Welcome")
    assert (issued["number"], issued["total"]) == ("INV-2026-000001", "119.00")


async def test_a_discount_comes_off_one_invoice_and_is_used_up_by_it(world: World) -> None:
    project = await open_shop(world)
    coupon = {"coupon_key": "half", "name": "Half", "kind": "percent", "percent": "50"}
    await must(world, "create_coupon", OPERATOR, **coupon)
    code = await must(world, "create_promotion_code", OPERATOR, coupon_key="half")
    owner = agent(Role.OWNER, project)
    await must(world, "redeem_promotion_code", owner, code=code["code"])
    draft = await draw_up(world, project, use_discounts=True)
    issued = await must(
        world, "finalize_invoice", OPERATOR, project_id=project, invoice_id=draft["id"]
    )
    later = await draw_up(world, project, use_discounts=True, reference="two")

    assert (issued["subtotal"], issued["discount"], issued["total"]) == ("100.00", "50.00", "59.50")
    assert (later["discount"], later["total"]) == ("0.00", "119.00")
    assert await found(world) == []
