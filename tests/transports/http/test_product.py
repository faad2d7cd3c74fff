"""The real operations over HTTP: the everyday jobs, and every bad input there is."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # its stubs are a package of their own
import pytest

from core.kernel.caller import Role
from core.operations.operation import Operation
from mcp_server.http import arguments
from mcp_server.wiring import OPERATIONS
from tests.transports.http.served import Served, product

pytestmark = pytest.mark.anyio

NOW = "2026-11-20T09:00:00Z"


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    async with product(tmp_path) as served:
        yield served


def wallet_path(served: Served, rest: str = "") -> str:
    ours = served.ours
    return f"/v1/projects/{ours.project_id}/wallets/{ours.wallet_id}{rest}"


async def balance(served: Served) -> str:
    answer = await served.call(served.ours.keys["viewer"], "GET", wallet_path(served, "/balance"))
    available: str = answer.json()["available"]
    return available


async def make_meter(served: Served, key: str) -> None:
    meter = {
        "key": key,
        "name": "Calls",
        "aggregation": "count",
        "unit": "call",
        "price": "0.25",
        "asset": "USD/2",
    }
    made = await served.call(served.operator_key, "POST", "/v1/meters", json=meter)
    assert made.status_code == 201


async def test_a_backend_makes_a_meter_charges_usage_and_reads_the_balance(served: Served) -> None:
    await make_meter(served, "api_calls")
    usage = f"/v1/projects/{served.ours.project_id}/usage"
    member = served.ours.keys["member"]
    event = {"event_id": "evt-1", "meter_key": "api_calls"}
    charged = await served.call(member, "POST", f"{usage}/charges", json=event)
    again = await served.call(member, "POST", f"{usage}/charges", json=event)
    recorded = await served.call(
        member, "POST", usage, json={"events": [{**event, "event_id": "evt-2"}]}
    )
    assert [each.status_code for each in (charged, again, recorded)] == [201, 201, 202]
    assert await balance(served) == "9.75"


async def test_whoami_knows_a_key_by_either_header(served: Served) -> None:
    key = served.ours.keys["admin"]
    bearer = await served.call(key, "GET", "/v1/whoami")
    plain = await served.http.get("/v1/whoami", headers={"X-API-Key": key})
    both = await served.call(key, "GET", "/v1/whoami", headers={"X-API-Key": key})
    assert bearer.json()["role"] == plain.json()["role"] == "admin"
    assert (both.status_code, both.json()["code"]) == (401, "unauthenticated")
    assert 'error="invalid_token"' in both.headers["WWW-Authenticate"]


async def test_two_credentials_are_one_too_many(served: Served) -> None:
    keys = served.ours.keys
    twice = [("Authorization", f"Bearer {keys[role]}") for role in ("viewer", "admin")]
    answer = await served.http.get("/v1/whoami", headers=twice)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


def path_for(operation: Operation[Any, Any], served: Served, *, of_others: bool) -> str:
    """Fill a path with ids that exist, of our project or of somebody else's."""
    whose = served.theirs if of_others else served.ours
    values = {"project_id": whose.project_id, "wallet_id": whose.wallet_id}
    path = operation.path
    for name, schema in arguments.fields(operation.request).items():
        if f"{{{name}}}" in path:
            path = path.replace(f"{{{name}}}", values.get(name) or schema["examples"][0])
    return path


def required(operation: Operation[Any, Any]) -> dict[str, Any]:
    """Return what a query string must say, from the first example of the operation."""
    example = operation.examples[0].arguments
    fields = operation.request.model_fields
    absent = arguments.in_path(operation.path)
    return {
        name: value
        for name, value in example.items()
        if fields[name].is_required() and name not in absent
    }


async def test_without_a_credential_nothing_private_is_told(served: Served) -> None:
    metadata = "http://127.0.0.1:8000/.well-known/oauth-protected-resource/v1"
    for each in OPERATIONS:
        path = path_for(each, served, of_others=False)
        answer = await served.http.request(each.method, path)
        assert answer.status_code == (400 if each.public else 401), each.name
        if not each.public:
            told = answer.headers["WWW-Authenticate"]
            assert told == f'Bearer resource_metadata="{metadata}"', each.name


async def test_a_revoked_key_is_refused_and_told_that_it_is_not_valid(served: Served) -> None:
    key = served.ours.keys["member"]
    admin = served.ours.keys["admin"]
    listed = (await served.call(admin, "GET", "/v1/api-keys")).json()["items"]
    (key_id,) = [each["id"] for each in listed if each["name"] == "member"]
    revoked = await served.call(admin, "DELETE", f"/v1/api-keys/{key_id}")
    answer = await served.call(key, "GET", "/v1/whoami")
    assert (revoked.status_code, answer.status_code) == (200, 401)
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


async def test_a_viewer_may_change_nothing(served: Served) -> None:
    viewer = served.ours.keys["viewer"]
    for each in OPERATIONS:
        if each.reads or each.public or each.anyone or each.project_role is Role.VIEWER:
            continue
        path = path_for(each, served, of_others=False)
        answer = await served.call(viewer, each.method, path)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed"), each.name
    assert {row[1:] for row in await served.trail()} == {("refused", "not_allowed")}


async def test_what_belongs_to_another_project_answers_as_if_it_were_not_there(
    served: Served,
) -> None:
    admin = served.ours.keys["admin"]
    for each in OPERATIONS:
        named = {*arguments.in_path(each.path)} & {"project_id"}
        if not named or not each.reads or each.project_role is None:
            continue
        path = path_for(each, served, of_others=True)
        needed = required(each)
        # A question that has much to say is asked by POST, and changes nothing either.
        by = "params" if each.method == "GET" else "json"
        answer = await served.call(admin, each.method, path, **{by: needed})
        assert answer.status_code == 404, each.name
        nobodys = "prj_01jd3x8k5vq2m7r9t4w6y0z1ab"
        path = path.replace(served.theirs.project_id, nobodys)
        nothing = await served.call(admin, each.method, path, **{by: needed})
        assert answer.text.replace(served.theirs.project_id, nobodys) == nothing.text, each.name


GRANTS: dict[str, tuple[dict[str, Any], int, str]] = {
    "negative amount": ({"amount": "-1.00"}, 400, "invalid_request"),
    "over-precise amount": ({"amount": "1.001"}, 400, "invalid_request"),
    "number for money": ({"amount": 1.5}, 400, "invalid_request"),
    "beyond 2^63": ({"amount": "99999999999999999999"}, 400, "invalid_request"),
    "just beyond 2^63": ({"amount": "92233720368547758.08"}, 400, "invalid_request"),
    "nothing": ({"amount": "0.00"}, 400, "invalid_request"),
    "unknown field": ({"amount": "1.00", "colour": "red"}, 400, "invalid_request"),
    "NUL in text": ({"amount": "1.00", "memo": "a\x00b"}, 400, "invalid_request"),
    "bidi in text": ({"amount": "1.00", "memo": "a\u202eb"}, 400, "invalid_request"),
}


async def test_every_bad_grant_is_named_changes_nothing_and_is_in_the_trail(
    served: Served,
) -> None:
    for case, (sent, status, code) in GRANTS.items():
        path = wallet_path(served, "/grants")
        answer = await served.call(served.operator_key, "POST", path, json=sent)
        assert (answer.status_code, answer.json()["code"]) == (status, code), case
        assert (await served.trail())[-1] == ("grant_credits", "refused", code), case
    assert await balance(served) == "10.00"


async def test_a_wallet_of_another_project_cannot_be_named_in_ours(served: Served) -> None:
    path = f"/v1/projects/{served.ours.project_id}/wallets/{served.theirs.wallet_id}/grants"
    answer = await served.call(served.operator_key, "POST", path, json={"amount": "1.00"})
    assert (answer.status_code, answer.json()["code"]) == (404, "wallet_not_found")


@pytest.mark.parametrize("asset", ["gold", "USD", "USD/13", "usd/2", "USD/2\n", ""])
async def test_an_unknown_asset_is_named(served: Served, asset: str) -> None:
    sent = {"name": "Gold", "asset": asset}
    path = f"/v1/projects/{served.ours.project_id}/wallets"
    answer = await served.call(served.operator_key, "POST", path, json=sent)
    assert (answer.status_code, answer.json()["problems"][0]["field"]) == (400, "asset")


@pytest.mark.parametrize("after", ["%0A", "%00", "0", "%20", "%2F", "\u00e9"])
async def test_an_identifier_with_more_behind_it_is_no_identifier(
    served: Served, after: str
) -> None:
    path = f"/v1/projects/{served.ours.project_id}{after}"
    answer = await served.call(served.operator_key, "GET", path)
    assert answer.status_code == (404 if after == "%2F" else 400)


@pytest.mark.parametrize(
    ("occurred_at", "reason"),
    [("2999-01-01T00:00:00Z", "event_in_the_future"), ("2001-01-01T00:00:00Z", "event_too_old")],
)
async def test_an_event_from_another_age_is_refused(
    served: Served, occurred_at: str, reason: str
) -> None:
    usage = f"/v1/projects/{served.ours.project_id}/usage"
    event = {"event_id": "e1", "meter_key": "calls", "occurred_at": occurred_at}
    await make_meter(served, "calls")
    told = await served.call(served.ours.keys["member"], "POST", usage, json={"events": [event]})
    assert told.status_code == 202
    (result,) = told.json()["events"]
    assert (result["status"], result["code"]) == ("refused", reason)


async def test_five_mebibytes_are_refused_and_written_down(served: Served) -> None:
    usage = f"/v1/projects/{served.ours.project_id}/usage"
    json_headers = {"Content-Type": "application/json"}
    answer = await served.call(
        served.ours.keys["member"],
        "POST",
        usage,
        content=b" " * (5 * 1024 * 1024),
        headers=json_headers,
    )
    assert answer.status_code == 413
    assert await served.trail() == [("record_usage", "refused", "body_too_large")]


async def test_a_repeated_grant_is_given_once(served: Served) -> None:
    sent = {"amount": "5.00", "memo": "Sorry"}
    for replayed in (None, "true"):
        answer = await served.call(
            served.operator_key,
            "POST",
            wallet_path(served, "/grants"),
            json=sent,
            headers={"Idempotency-Key": "sorry-1"},
        )
        assert answer.status_code == 201
        assert answer.headers.get("Idempotency-Replayed") == replayed
    assert await balance(served) == "15.00"


async def test_the_document_describes_every_operation_and_each_example_fits_it(
    served: Served,
) -> None:
    document = (await served.http.get("/openapi.json")).json()
    told = {
        part["operationId"]: part
        for methods in document["paths"].values()
        for part in methods.values()
    }
    assert set(told) == {each.name for each in OPERATIONS}
    for part in told.values():
        content = part.get("requestBody", {}).get("content", {}).get("application/json", {})
        for example in content.get("examples", {}).values():
            whole = {"$ref": content["schema"]["$ref"], "components": document["components"]}
            jsonschema.Draft202012Validator(whole).validate(example["value"])


async def test_the_product_is_alive_ready_and_measured(served: Served) -> None:
    health = await served.http.get("/health")
    ready = await served.http.get("/readyz")
    measured = await served.http.get("/metrics")
    assert [each.status_code for each in (health, ready, measured)] == [200, 200, 200]
    parts = ("database", "migrations", "memory", "stripe")
    assert ready.json()["parts"] == dict.fromkeys(parts, "ok")
    assert "bursar_outbox_lag_seconds 0" in measured.text
    assert "bursar_pool_writers_in_use 0.0" in measured.text
