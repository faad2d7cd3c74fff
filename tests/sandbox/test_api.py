"""The API as a whole: keys, errors, lists, expansion, and state that outlives a restart."""

import ast
import base64
from pathlib import Path
from typing import Any

import httpx2
import pytest
import stripe

from mcp_server.sandbox import Switches, create_sandbox
from mcp_server.sandbox.signing import signature_header
from tests.architecture.tree import ROOT, SOURCES, name, parsed
from tests.sandbox.conftest import OutsideClock, Place

pytestmark = pytest.mark.anyio

HERE = "mcp_server/sandbox/"
# Who chooses what payments are made through, and nobody else.
MAY_USE_IT = {"mcp_server/paying.py", "mcp_server/wiring.py"}


@pytest.mark.parametrize("header", ["", "Bearer sk_test_another", "Bearer sk_live_1", "Basic !!"])
async def test_without_the_key_nothing_is_told(place: Place, header: str) -> None:
    headers = {"Authorization": header} if header else {}
    answer = await place.http.get(f"{place.url}/v1/customers", headers=headers)

    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert answer.headers["request-id"].startswith("req_")


async def test_the_key_may_be_the_user_of_basic(place: Place) -> None:
    pair = base64.b64encode(f"{place.key}:".encode()).decode()
    headers = {"Authorization": f"Basic {pair}"}

    assert (await place.http.get(f"{place.url}/v1/balance", headers=headers)).status_code == 200


def test_a_sandbox_never_has_a_live_key() -> None:
    with pytest.raises(ValueError, match="test key"):
        create_sandbox(path=None, now=OutsideClock(), url="http://x", secret_key="sk_live_1")


@pytest.mark.parametrize(
    ("path", "fields", "code", "param"),
    [
        ("/v1/customers", {"emial": "a"}, "parameter_unknown", "emial"),
        ("/v1/customers", {"address[planet]": "x"}, "parameter_unknown", "address[planet]"),
        ("/v1/products", {}, "parameter_missing", "name"),
        ("/v1/payment_intents", {"currency": "usd", "amount": "x"}, "parameter_invalid_integer",
         "amount"),
        ("/v1/customers/cus_no", {"name": "a"}, "resource_missing", "id"),
        ("/v1/customers", {"expand[]": "nothing"}, None, "expand"),
    ],
)  # fmt: skip
async def test_an_error_names_the_parameter(
    place: Place, path: str, fields: dict[str, str], code: str | None, param: str
) -> None:
    headers = {"Authorization": f"Bearer {place.key}", "Stripe-Version": "2026-10-28.endive"}
    answer = await place.http.post(place.url + path, data=fields, headers=headers)
    error = answer.json()["error"]

    assert answer.status_code == (404 if code == "resource_missing" else 400)
    assert (error.get("code"), error["param"]) == (code, param)
    assert answer.headers["stripe-should-retry"] == "false"
    assert await place.event_types() == []


async def test_an_address_that_stripe_does_not_have_is_told_so(place: Place) -> None:
    headers = {"Authorization": f"Bearer {place.key}"}
    answer = await place.http.get(f"{place.url}/v1/carts", headers=headers)

    assert answer.status_code == 404
    assert answer.json()["error"]["message"] == "Unrecognized request URL (GET: /v1/carts)."


async def test_an_old_parameter_is_taken_from_an_old_client_only(place: Place) -> None:
    asked = {"amount": "100", "currency": "usd", "payment_method_types[]": "card"}
    headers = {"Authorization": f"Bearer {place.key}"}
    statuses = [
        (
            await place.http.post(
                f"{place.url}/v1/payment_intents",
                data=asked,
                headers={**headers, "Stripe-Version": version},
            )
        ).status_code
        for version in ("2026-06-24.dahlia", "2026-10-28.endive")
    ]

    assert statuses == [200, 400]


async def test_a_list_is_read_in_both_directions(place: Place) -> None:
    made = [(await place.customer()).id for _ in range(7)]
    customers = place.v1.customers
    newest = await customers.list_async({"limit": 3})
    older = await customers.list_async({"limit": 3, "starting_after": newest.data[-1].id})
    newer = await customers.list_async({"limit": 2, "ending_before": made[0]})

    assert [each.id for each in newest.data] == made[:3:-1]
    assert ([each.id for each in older.data], older.has_more) == (made[3:0:-1], True)
    assert ([each.id for each in newer.data], newer.has_more) == ([made[2], made[1]], True)
    everything = await customers.list_async({"limit": 2, "ending_before": made[0]})
    assert [each.id async for each in everything.auto_paging_iter()] == made[1:]


async def test_events_are_chosen_by_type_and_by_time(place: Place) -> None:
    await place.customer()
    place.sandbox.advance(3600)
    await place.v1.products.create_async({"name": "Pack"})
    await place.pay()
    now = place.sandbox.now
    chosen = await place.v1.events.list_async({"types": ["customer.created", "product.created"]})
    late = await place.v1.events.list_async({"created": {"gte": now - 60}, "limit": 100})

    assert [each.type for each in chosen.data] == ["product.created", "customer.created"]
    assert "customer.created" not in [each.type for each in late.data]


async def test_events_are_kept_for_thirty_days(place: Place) -> None:
    await place.customer()
    old = (await place.v1.events.list_async()).data[0]
    place.sandbox.advance(30 * 86_400 + 60)

    assert (await place.v1.events.list_async()).data == []
    with pytest.raises(stripe.InvalidRequestError):
        await place.v1.events.retrieve_async(old.id)


async def test_what_is_expanded_is_there_and_the_rest_is_an_id(place: Place) -> None:
    customer, method = await place.saved()
    paid = await place.pay(
        method.id,
        customer=customer.id,
        expand=["customer.invoice_settings", "latest_charge.balance_transaction"],
    )

    assert (paid.customer.email, paid.payment_method) == ("ada@example.com", method.id)
    assert paid.latest_charge.balance_transaction.source == paid.latest_charge.id


async def test_a_change_is_told_with_what_it_was(place: Place) -> None:
    customer = await place.customer()
    await place.v1.customers.update_async(customer.id, {"email": "new@example.com"})
    await place.v1.customers.update_async(customer.id, {"email": "new@example.com"})
    told = (await place.v1.events.list_async({"type": "customer.updated"})).data

    assert [each.data.previous_attributes.to_dict() for each in told] == [
        {"email": "ada@example.com"}
    ]


async def test_metadata_is_merged_and_an_empty_value_takes_it_away(place: Place) -> None:
    customer = await place.customer(metadata={"a": "1", "b": "2"})
    changed = await place.v1.customers.update_async(customer.id, {"metadata": {"a": "", "c": "3"}})

    assert changed.metadata.to_dict() == {"b": "2", "c": "3"}


async def test_used_amounts_are_added_up(place: Place) -> None:
    billing: Any = place.v1.billing
    customer = await place.customer()
    meter = await billing.meters.create_async(
        {
            "display_name": "Tokens",
            "event_name": "tokens",
            "default_aggregation": {"formula": "sum"},
        }
    )
    minute = place.sandbox.now // 60 * 60

    async def use(identifier: str, value: str) -> None:
        payload = {"stripe_customer_id": customer.id, "value": value}
        used = {"event_name": "tokens", "identifier": identifier, "payload": payload}
        await billing.meter_events.create_async({**used, "timestamp": minute})

    for number, value in enumerate(("1.5", "2", "4")):
        await use(f"use-{number}", value)
    with pytest.raises(stripe.InvalidRequestError) as twice:
        await use("use-2", "4")
    cancel = {"type": "cancel", "event_name": "tokens", "cancel": {"identifier": "use-1"}}
    await billing.meter_event_adjustments.create_async(cancel)
    window = {"start_time": minute - 60, "end_time": minute + 60}
    sums = await billing.meters.event_summaries.list_async(
        meter.id, {"customer": customer.id, **window}
    )

    assert twice.value.code == "duplicate_meter_event"
    assert [each.aggregated_value for each in sums.data] == [5.5]


async def ask(made: Any, path: str) -> Any:
    inside = httpx2.ASGITransport(made.app)
    async with httpx2.AsyncClient(transport=inside, base_url="http://sandbox.internal") as http:
        headers = {"Authorization": "Bearer sk_test_1", "Idempotency-Key": "one"}
        return (await http.post(path, data={"name": "Ada"}, headers=headers)).json()


async def test_a_restart_changes_nothing(tmp_path: Path) -> None:
    answers: list[Any] = []
    clocks: list[tuple[int, Switches]] = []
    for _ in range(2):
        made = create_sandbox(
            path=tmp_path / "deeper" / "sandbox.db",
            now=lambda: 1_790_000_000.0,
            url="http://sandbox.internal",
            secret_key="sk_test_1",
        )
        answers.append(await ask(made, "/v1/customers"))
        if not clocks:
            made.sandbox.advance(3600)
            made.sandbox.switch(duplicates=2)
        clocks.append((made.sandbox.now, made.sandbox.switches))
        made.sandbox.close()

    assert answers[0] == answers[1]
    assert clocks == [(1_790_003_600, Switches(duplicates=2))] * 2


def test_the_signature_is_the_published_one() -> None:
    body = '{"id": "evt_1"}'
    made = signature_header(body.encode(), ["whsec_1"], 1_790_000_000)
    theirs: Any = stripe.WebhookSignature.generate_signature_header

    assert made == theirs(body, "whsec_1", 1_790_000_000)


def test_the_sandbox_knows_nothing_of_the_engine_and_hardly_anybody_knows_it() -> None:
    imports = [
        (name(path), module)
        for path in SOURCES
        for node in ast.walk(parsed(path))
        for module in _imported(node)
    ]
    of_ours = {
        (path, module)
        for path, module in imports
        if path.startswith(HERE)
        and module.split(".")[0] in {"core", "auth", "mcp_server", "stripe"}
        and not module.startswith("mcp_server.sandbox")
    }
    users = {
        path
        for path, module in imports
        if module.startswith("mcp_server.sandbox") and not path.startswith(HERE)
    }

    assert (ROOT / HERE / "README.md").is_file()
    assert of_ours == set()
    assert users <= MAY_USE_IT


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return [each.name for each in node.names] if isinstance(node, ast.Import) else []
