"""A card number is refused wherever it is sent, and nothing of it is kept."""

import hashlib
import json
from typing import Any

import pytest
from sqlalchemy import select

from core.audit import digest_of, reading
from core.db.schema import metadata
from core.kernel.caller import SYSTEM, Caller, Role
from core.messaging import mailing
from core.operations import InvalidRequest, ScopeRequired
from core.operations.perform import Call
from core.operations.screening import WHAT, card_problems
from tests.core.operations.corner_shop import ask, buy
from tests.world import OPERATOR, World, agent

pytestmark = pytest.mark.anyio

CARD = "4242 4242 4242 4242"
SOLID = CARD.replace(" ", "")


async def everything(world: World) -> str:
    """Return every row of every table as text."""
    async with world.database.read(SYSTEM) as work:
        rows = [await work.execute(select(each)) for each in metadata.sorted_tables]
        return "\n".join(str(tuple(row)) for result in rows for row in result)


async def trail(world: World) -> list[dict[str, Any]]:
    async with world.database.read(OPERATOR) as work:
        return await reading.invocations(work, reading.Filter(), None, 100)


async def test_a_call_with_a_card_number_is_refused_by_the_field_and_leaves_nothing_of_it(
    world: World,
) -> None:
    outcome = await ask(world, buy, agent(), thing=f"bread for {CARD}", price="1")

    assert isinstance(outcome.error, InvalidRequest)
    assert outcome.error.problems == [{"field": "thing", "problem": WHAT}]
    assert "4242" not in str(outcome.error)
    [row] = await trail(world)
    assert (row["decision"], row["error_code"]) == ("refused", "invalid_request")
    assert row["arguments"]["thing"] == "bread for [card number]"
    assert "4242" not in await everything(world)


async def test_not_even_a_digest_of_a_card_number_is_kept(world: World) -> None:
    await ask(world, buy, agent(), thing=SOLID)

    [row] = await trail(world)
    assert row["arguments_digest"] == digest_of({"thing": "[card number]"})
    guessed = json.dumps({"thing": SOLID}, separators=(",", ":")).encode()
    assert row["arguments_digest"] != hashlib.sha256(guessed).digest()


async def test_neither_is_it_kept_of_a_call_that_may_not_be_made(world: World) -> None:
    nobody = Caller(kind=agent().kind, subject="agt:poor", project_id=agent().project_id)
    outcome = await ask(world, buy, nobody, thing=SOLID)

    assert isinstance(outcome.error, ScopeRequired)
    assert SOLID not in await everything(world)


async def test_an_idempotency_key_is_a_field_like_any_other(world: World) -> None:
    call = Call(
        caller=agent(Role.MEMBER), arguments={"thing": "bread"}, door="test", idempotency_key=SOLID
    )
    outcome = await world.gate.perform(buy, call)

    assert isinstance(outcome.error, InvalidRequest)
    assert outcome.error.problems == [{"field": "idempotency_key", "problem": WHAT}]
    assert SOLID not in await everything(world)


async def test_names_that_nobody_asked_for_are_looked_at_too(world: World) -> None:
    outcome = await ask(world, buy, agent(), thing="bread", **{SOLID: "x"})

    assert isinstance(outcome.error, InvalidRequest)
    assert outcome.error.problems == [{"field": "[card number]", "problem": WHAT}]


def test_what_is_inside_is_named_by_its_path_and_the_first_twenty_are_enough() -> None:
    events = [{"properties": {"note": SOLID}} for _ in range(30)]

    problems = card_problems({"events": events}, None)

    assert [each["field"] for each in problems] == [
        f"events.{n}.properties.note" for n in range(20)
    ]


def test_quantities_and_keys_without_card_numbers_are_fine() -> None:
    assert card_problems({"tokens": 4242424242424242, "id": "evt_4242424242424242"}, "key 1") == []


async def test_a_mail_carries_no_card_number(world: World) -> None:
    async with world.database.begin(SYSTEM) as work:
        await mailing.send(
            work,
            "ada@acme.example",
            subject=f"About {CARD}",
            text=f"You wrote {SOLID}.",
            html=f"<p>{CARD}</p>",
            purpose="test",
        )
    async with world.database.read(SYSTEM) as work:
        [kept] = await mailing.kept(work, "https://bursar.example")

    assert (kept.subject, kept.text) == ("About [card number]", "You wrote [card number].")
    assert "4242" not in await everything(world)
