"""What a caller may get wrong, by both doors of the whole product.

Each time: an error with its code, nothing written, and the refusal in the trail.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from core.audit import tables as trail
from core.db.schema import metadata
from core.kernel.caller import SYSTEM
from mcp_server.http import arguments
from tests.transports.doors import BY_NAME, DOORS, Answer, DoorName
from tests.transports.http.served import Served, product
from tests.transports.mcp.serving import ACCEPT, modern_headers, request

pytestmark = pytest.mark.anyio

JSON = {"Content-Type": "application/json", "Accept": ACCEPT}
NOT_EFFECTS = {"audit_invocations", "audit_events", "audit_seals"}
HUGE = b" " * (5 * 1024 * 1024)


@dataclass(frozen=True)
class Bad:
    """A call that must be refused. Values in braces are filled in with what the customer has."""

    operation: str
    code: str
    sent: dict[str, Any]
    who: str = "operator"
    field: str = ""


def grant(problem: str, **sent: Any) -> Bad:
    return Bad(
        "grant_credits", "invalid_request", {"amount": "1.00", **OURS, **sent}, field=problem
    )


def charge(code: str, who: str = "member", **sent: Any) -> Bad:
    event = {"event_id": "e-1", "meter_key": "calls", **sent}
    return Bad("charge_usage", code, {"project_id": "{project_id}", **event}, who)


OURS = {"project_id": "{project_id}", "wallet_id": "{wallet_id}"}
WALLET = {"project_id": "{project_id}", "name": "Gold", "asset": "USD/2"}
CASES = {
    "unknown field": grant("colour", colour="red"),
    "wrong type": grant("memo", memo=7),
    "number for money": grant("amount", amount=2.5),
    "negative amount": grant("amount", amount="-1.00"),
    "over-precise amount": grant("amount", amount="1.001"),
    "2^63 units": grant("amount", amount="92233720368547758.08"),
    "NUL in a memo": grant("arguments", memo="a\x00b"),
    "bidi in a memo": grant("memo", memo="a\u202eb"),
    "unknown asset": Bad(
        "create_wallet", "invalid_request", {**WALLET, "asset": "gold"}, field="asset"
    ),
    "NUL in a name": Bad(
        "create_wallet", "invalid_request", {**WALLET, "name": "Go\x00ld"}, field="arguments"
    ),
    "bidi in a name": Bad(
        "create_wallet", "invalid_request", {**WALLET, "name": "Go\u202eld"}, field="name"
    ),
    "another tenant's project": Bad(
        "check_balance",
        "project_not_found",
        {"project_id": "{their_project_id}", "wallet_id": "{their_wallet_id}"},
        "member",
    ),
    "another tenant's wallet": Bad(
        "check_balance", "wallet_not_found", {**OURS, "wallet_id": "{their_wallet_id}"}, "member"
    ),
    "a viewer who charges": charge("not_allowed", who="viewer"),
    "a missing scope": charge("insufficient_scope", who="reader"),
    "an event of tomorrow": charge("event_in_the_future", occurred_at="2999-01-01T00:00:00Z"),
    "an event of long ago": charge("event_too_old", occurred_at="2001-01-01T00:00:00Z"),
}


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    """The product with a meter, and a key of ours that may read usage and no more."""
    async with (
        product(tmp_path, worker_in_serve=False) as served,
        served.app.router.lifespan_context(served.app),
    ):
        meter = {"key": "calls", "name": "Calls", "aggregation": "count", "unit": "call"}
        priced = {**meter, "price": "0.25", "asset": "USD/2"}
        await served.call(served.operator_key, "POST", "/v1/meters", json=priced)
        few = {"name": "reader", "role": "member", "scopes": ["metering:read"]}
        made = await served.call(served.ours.keys["admin"], "POST", "/v1/api-keys", json=few)
        served.ours.keys["reader"] = made.json()["secret"]
        yield served


async def ask(served: Served, door: DoorName, bad: Bad) -> Answer:
    known = {
        "{project_id}": served.ours.project_id,
        "{wallet_id}": served.ours.wallet_id,
        "{their_project_id}": served.theirs.project_id,
        "{their_wallet_id}": served.theirs.wallet_id,
    }
    sent = {
        name: known.get(value, value) if isinstance(value, str) else value
        for name, value in bad.sent.items()
    }
    key = served.operator_key if bad.who == "operator" else served.ours.keys[bad.who]
    return await (by_http if door == "http" else by_mcp)(served, key, bad.operation, sent)


async def by_http(served: Served, key: str, name: str, sent: dict[str, Any]) -> Answer:
    operation = BY_NAME[name]
    path = operation.path.format(
        **{each: sent.pop(each) for each in arguments.in_path(operation.path)}
    )
    body = {} if operation.method in arguments.IN_QUERY else {"json": sent}
    answer = await served.call(key, operation.method, path, **body)
    return Answer(answer.status_code, answer.json())


async def by_mcp(served: Served, key: str, name: str, sent: dict[str, Any]) -> Answer:
    headers = {"Accept": ACCEPT, "Mcp-Name": name, **modern_headers("tools/call")}
    message = request("tools/call", {"name": name, "arguments": sent})
    answer = await served.call(key, "POST", "/mcp/x/all", json=message, headers=headers)
    told = answer.json()
    if "error" in told:
        return Answer(answer.status_code, told["error"]["data"])
    body = told["result"]["structuredContent"]
    return Answer(body["status"] if told["result"]["isError"] else 200, body)


async def rows(served: Served) -> dict[str, int]:
    """Count what is in every table that an effect could be in."""
    async with served.installation.database.read(SYSTEM) as work:
        return {
            name: (await work.execute(select(func.count()).select_from(table))).scalar_one()
            for name, table in metadata.tables.items()
            if name not in NOT_EFFECTS
        }


async def last_call(served: Served, door: DoorName) -> tuple[str, str, str | None]:
    c = trail.invocations.c
    query = select(c.operation, c.decision, c.error_code).where(c.door == door)
    async with served.installation.database.read(SYSTEM) as work:
        row = (await work.execute(query.order_by(c.id.desc()).limit(1))).one()
    return row.operation, row.decision, row.error_code


async def counted(served: Served) -> list[tuple[str, str]]:
    """Return what was counted instead of being listed: what happened, and where."""
    await served.installation.trail.write_floods()
    c = trail.events.c
    query = select(c.action, c.object_id).where(c.action.like("flood.%")).order_by(c.id)
    async with served.installation.database.read(SYSTEM) as work:
        return [(row.action, row.object_id) for row in await work.execute(query)]


@pytest.mark.parametrize("door", DOORS)
async def test_bad_input_is_named_writes_nothing_and_is_in_the_trail(
    served: Served, door: DoorName
) -> None:
    before = await rows(served)
    for case, bad in CASES.items():
        answer = await ask(served, door, bad)

        assert answer.code == bad.code, (case, answer)
        if bad.field:
            assert [each["field"] for each in answer.body["problems"]] == [bad.field], case
        assert await last_call(served, door) == (bad.operation, "refused", bad.code), case
    assert await rows(served) == before


@pytest.mark.parametrize("door", DOORS)
async def test_an_event_refused_within_a_batch_is_in_the_trail_too(
    served: Served, door: DoorName
) -> None:
    dates = {"soon": "2999-01-01T00:00:00Z", "past": "2001-01-01T00:00:00Z"}
    events = [
        {"event_id": name, "meter_key": "calls", "occurred_at": at} for name, at in dates.items()
    ]
    before = await rows(served)
    bad = Bad("record_usage", "", {"project_id": "{project_id}", "events": events}, "member")
    answer = await ask(served, door, bad)

    codes = [each["code"] for each in answer.body["events"]]
    assert codes == ["event_in_the_future", "event_too_old"]
    assert await rows(served) == before
    query = select(trail.events.c.details).where(trail.events.c.action == "usage.refused")
    async with served.installation.database.read(SYSTEM) as work:
        (details,) = (await work.execute(query)).scalars()
    assert details["reasons"] == {"event_in_the_future": 1, "event_too_old": 1}


@pytest.mark.parametrize("door", DOORS)
async def test_a_revoked_key_is_refused_writes_nothing_and_is_counted_in_the_trail(
    served: Served, door: DoorName
) -> None:
    admin = served.ours.keys["admin"]
    listed = (await served.call(admin, "GET", "/v1/api-keys")).json()["items"]
    (key_id,) = [each["id"] for each in listed if each["name"] == "member"]
    await served.call(admin, "DELETE", f"/v1/api-keys/{key_id}")
    before = await rows(served)

    answer = await ask(served, door, charge("unauthenticated"))

    assert (answer.status, answer.code) == (401, "unauthenticated")
    assert await rows(served) == before
    where = "charge_usage" if door == "http" else "mcp"
    assert await counted(served) == [("flood.unauthenticated", where)]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [(HUGE, 413, "body_too_large"), (b'{"jsonrpc": "2.0"', 400, "malformed_body")],
    ids=["5 MiB", "invalid JSON"],
)
async def test_a_body_that_names_no_tool_is_refused_and_counted_in_the_trail(
    served: Served, body: bytes, status: int, code: str
) -> None:
    before = await rows(served)
    member = served.ours.keys["member"]
    answer = await served.call(member, "POST", "/mcp", content=body, headers=JSON)

    told = answer.json()["error"]["data"]
    assert (answer.status_code, told["code"]) == (status, code)
    assert await rows(served) == before
    assert await counted(served) == [(f"flood.{code}", "mcp")]
