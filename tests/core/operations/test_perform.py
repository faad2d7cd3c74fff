"""Every call takes one path: judged, limited, read, done once, and written down."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from core.audit import reading
from core.kernel.caller import ANONYMOUS, Caller, Role
from core.kernel.ids import compose
from core.operations.limits import Rate
from core.operations.operation import RateClass
from tests.core.operations.corner_shop import ask, buy, cut_key, knock, look
from tests.world import AUDITOR, OPERATOR, PROJECT, World, agent

pytestmark = pytest.mark.anyio


async def trail(world: World) -> list[dict[str, Any]]:
    async with world.database.read(OPERATOR) as work:
        return list(reversed(await reading.invocations(work, reading.Filter(), None, 100)))


async def bought(world: World) -> int:
    async with world.database.read(OPERATOR) as work:
        sought = reading.Filter(equals=(("action", "thing.bought"),))
        return len(await reading.events(work, sought, None, 100))


async def test_what_is_done_is_written_down_with_who_and_what(world: World) -> None:
    outcome = await ask(world, buy, agent(), thing="bread")

    [row] = await trail(world)
    told = {name: row[name] for name in ("operation", "decision", "door", "client_id", "role")}
    assert told == {
        "operation": "buy",
        "decision": "allowed",
        "door": "test",
        "client_id": "cli_1",
        "role": "member",
    }
    assert (row["project_id"], row["request_id"]) == (PROJECT, "req-1")
    assert row["arguments"] == {"thing": "bread"}
    assert row["touched"] == [outcome.body["receipt"]]


async def test_a_refusal_changes_nothing_and_is_written_down(world: World) -> None:
    outcome = await ask(world, buy, agent(), thing="cheese")

    assert str(outcome.error) == "There is no cheese left."
    assert await bought(world) == 0
    assert [(row["decision"], row["error_code"]) for row in await trail(world)] == [
        ("refused", "sold_out")
    ]


async def test_a_bug_is_raised_and_written_down_and_changes_nothing(world: World) -> None:
    with pytest.raises(ZeroDivisionError):
        await ask(world, buy, agent(), thing="a bug")

    assert await bought(world) == 0
    [row] = await trail(world)
    assert (row["decision"], row["error_code"]) == ("failed", "internal_error")


async def test_a_read_is_written_down_before_it_is_answered(world: World) -> None:
    outcome = await ask(world, look, agent(Role.VIEWER))

    assert outcome.body == {"project_id": PROJECT}
    assert [row["operation"] for row in await trail(world)] == ["look"]


@pytest.mark.parametrize(
    ("caller", "code"),
    [
        (ANONYMOUS, "unauthenticated"),
        (agent(Role.VIEWER), "not_allowed"),
        (AUDITOR, "not_allowed"),
        (replace(agent(), scopes=frozenset({"wallets:read"})), "insufficient_scope"),
        (replace(agent(), scopes=frozenset({"metering:write"})), "insufficient_scope"),
    ],
)
async def test_whoever_may_not_is_refused_by_a_code(
    world: World, caller: Caller, code: str
) -> None:
    outcome = await ask(world, buy, caller, thing="bread")

    assert outcome.error is not None
    assert outcome.error.code == code
    assert await bought(world) == 0
    assert [row["error_code"] for row in await trail(world)] == [code]


async def test_a_scope_to_write_is_a_scope_to_read(world: World) -> None:
    caller = replace(agent(), scopes=frozenset({"wallets:write"}))

    assert (await ask(world, look, caller)).error is None


async def test_anybody_may_ask_what_is_public(world: World) -> None:
    assert (await ask(world, knock, ANONYMOUS)).error is None


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"thing": "bread", "thong": 1}, "thong"),
        ({"thing": 7}, "thing"),
        ({"thing": "bread", "count": "2"}, "count"),
        ({"thing": "bread", "price": 2.5}, "price"),
        ({"thing": "bread", "price": "-1"}, "price"),
        ({"thing": "bread", "price": "0.00"}, "price"),
        ({"thing": "bread", "price": "1e3"}, "price"),
        ({"thing": "a\u202eb"}, "thing"),
        ({"thing": "a\u200bb"}, "thing"),
        ({"thing": " a"}, "thing"),
        ({"thing": "a\x00b"}, "arguments"),
        ({"thing": "a\ud800b"}, "arguments"),
        ({"thing": {f"name {n}": 1 for n in range(51)}}, "arguments"),
        ({f"name_{n}": 1 for n in range(51)}, "arguments"),
        ({"thing": "bread", "t" * 65: 1}, "t" * 64),
        ({"thing": "x" * 121}, "thing"),
        ({"project_id": "prj_1", "thing": "bread"}, "project_id"),
    ],
)
async def test_what_is_wrong_is_named_by_its_field_and_written_down(
    world: World, sent: dict[str, Any], field: str
) -> None:
    outcome = await ask(world, buy, agent(), **sent)

    assert outcome.error is not None
    assert [each["field"] for each in outcome.error.facts["problems"]] == [field]
    assert [row["error_code"] for row in await trail(world)] == ["invalid_request"]
    assert await bought(world) == 0


async def test_a_wrong_value_is_never_told_back(world: World) -> None:
    outcome = await ask(world, buy, agent(), thing=["hunter2-hunter2"])

    assert "hunter2" not in str(outcome.error)


async def test_another_projects_id_is_not_found_whether_it_exists_or_not(world: World) -> None:
    outcome = await ask(world, look, agent(), project_id=compose("prj", 77))

    assert outcome.error is not None
    assert outcome.error.code == "project_not_found"


async def test_whoever_is_bound_to_no_project_must_name_one(world: World) -> None:
    outcome = await ask(world, look, OPERATOR)

    assert outcome.error is not None
    assert outcome.error.facts["problems"][0]["field"] == "project_id"


async def test_the_same_key_gives_the_first_result_again(world: World) -> None:
    first = await ask(world, buy, agent(), "k1", thing="bread")
    again = await ask(world, buy, agent(), "k1", thing="bread")

    assert (again.body, again.replayed) == (first.body, True)
    assert await bought(world) == 1


async def test_the_same_key_for_something_else_is_a_conflict(world: World) -> None:
    await ask(world, buy, agent(), "k1", thing="bread")
    other = await ask(world, buy, agent(), "k1", thing="wine")

    assert other.error is not None
    assert other.error.code == "idempotency_key_reused"
    assert await bought(world) == 1


async def test_a_refused_call_may_be_tried_again_with_its_key(world: World) -> None:
    refused = await ask(world, buy, agent(), "k1", thing="cheese")
    again = await ask(world, buy, agent(), "k1", thing="bread")

    assert refused.error
    assert again.error is None


async def test_keys_of_two_callers_and_two_projects_are_not_the_same(world: World) -> None:
    callers = (agent(), agent(number=2), agent(project_id=compose("prj", 2)))
    outcomes = [await ask(world, buy, each, "k1", thing="bread") for each in callers]

    assert not any(each.replayed for each in outcomes)
    assert await bought(world) == 3


async def test_of_ten_at_once_with_one_key_exactly_one_is_done(world: World) -> None:
    outcomes = await asyncio.gather(
        *(ask(world, buy, agent(), "k1", thing="bread") for _ in range(10))
    )

    assert len({each.body["receipt"] for each in outcomes}) == 1
    assert sum(not each.replayed for each in outcomes) == 1
    assert await bought(world) == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "käse", "a\nb"])
async def test_a_key_that_cannot_be_kept_is_refused(world: World, key: str) -> None:
    outcome = await ask(world, buy, agent(), key, thing="bread")

    assert outcome.error is not None
    assert outcome.error.facts["problems"][0]["field"] == "idempotency_key"


async def test_a_secret_is_shown_once_and_kept_nowhere(world: World) -> None:
    first = await ask(world, cut_key, agent(Role.ADMIN), "k1")
    again = await ask(world, cut_key, agent(Role.ADMIN), "k1")

    assert (first.body["secret"], first.body["secret_state"]) == (
        "a secret of the shop",
        "shown_once",
    )
    assert (again.body["secret"], again.body["secret_state"]) == (None, "already_shown")
    assert again.body["id"] == first.body["id"]
    async with world.database.read(OPERATOR) as work:
        for table in ("operations_idempotency_keys", "audit_invocations", "audit_events"):
            rows = await work.execute(text(f"select * from {table}"))
            assert "a secret of the shop" not in str(rows.all())


@pytest.mark.parametrize(
    "secret",
    [
        "bsk_" + "A1b2C3d4e5" * 4 + "000000",
        "bua_k20ivoTQJBd--NtHvI1_cSfEC5bxunEL7kJsg2Rp9sg",
        "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc",
        "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl",
    ],
)
async def test_a_credential_where_none_belongs_is_kept_nowhere(world: World, secret: str) -> None:
    sent: dict[str, Any] = {"thing": f"{'x' * 180} {secret}", secret: 1, "api_key": "hunter2"}
    await ask(world, buy, agent(), **sent)

    [row] = await trail(world)
    kept = str(row["arguments"])
    assert secret[:12] not in kept
    assert "hunter2" not in kept


async def test_too_many_calls_are_refused_and_counted_not_listed(world: World) -> None:
    rates = {**world.gate.rates, RateClass.WRITE: Rate(calls=3, seconds=60)}
    world.gate = replace(world.gate, rates=rates)
    outcomes = [await ask(world, buy, agent(), thing="bread") for _ in range(8)]
    await world.trail.write_floods()

    refused = [each for each in outcomes if each.error]
    assert len(refused) == 5
    assert {each.error.code for each in refused if each.error} == {"rate_limited"}
    assert len(await trail(world)) == 3
    async with world.database.read(OPERATOR) as work:
        [flood] = await reading.events(
            work, reading.Filter(equals=(("action", "flood.rate_limited"),)), None, 10
        )
    assert (flood["object_id"], flood["details"]) == ("buy", {"by": agent().subject, "times": 5})


async def test_calls_that_are_forbidden_are_limited_before_they_can_fill_the_trail(
    world: World,
) -> None:
    rates = {**world.gate.rates, RateClass.WRITE: Rate(calls=3, seconds=60)}
    world.gate = replace(world.gate, rates=rates)
    outcomes = [await ask(world, buy, agent(Role.VIEWER), thing="bread") for _ in range(8)]

    codes = [each.error.code for each in outcomes if each.error]
    assert codes == ["not_allowed"] * 3 + ["rate_limited"] * 5
    assert len(await trail(world)) == 3
