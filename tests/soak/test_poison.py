"""One burst of calls, some of which are wrong: exactly those are refused, and nothing else."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest

from mcp_server.settings import load_settings
from tests import servers
from tests.soak.books import Journal
from tests.soak.ground import FUNDS, METER, PRICE, Ground, move_in
from tests.soak.load import Load
from tests.soak.script import Op, charge, credits_of, grant
from tests.soak.sizes import SECONDS
from tests.soak.wire import Answer, Connection

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(SECONDS)]

GOOD, TIMES = 40, 3
MANY_TOKENS = 10**12


@dataclass(frozen=True, slots=True)
class Poison:
    """A call that must be refused, and as what."""

    op: Op
    status: int
    code: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rivals:
    """Two calls that cannot both be right: whichever came first is, however often it is sent."""

    ops: tuple[Op, Op]
    code: str


def changed(op: Op, **arguments: Any) -> Op:
    return replace(op, make=lambda: op.make() | arguments)


def poisons(ground: Ground) -> Iterator[Poison]:
    numbers = count(1_000)

    def a_charge() -> Op:
        return charge(ground, next(numbers))

    def wrong(op: Op, field: str) -> Poison:
        return Poison(op, 400, "invalid_request", {"problems": [field]})

    for _ in range(TIMES):
        yield wrong(changed(a_charge(), event_id=" "), "event_id")
        yield wrong(changed(a_charge(), surprise=1), "surprise")
        yield wrong(changed(a_charge(), wallet_id="wal_1"), "wallet_id")
        yield wrong(changed(grant(ground, next(numbers)), amount="0.0000001"), "amount")
        yield Poison(
            changed(a_charge(), properties={"model": "large"}),
            400,
            "property_missing",
            {"property": "tokens"},
        )
        yield Poison(
            changed(a_charge(), meter_key="nobody_knows"),
            404,
            "meter_not_found",
            {"meter_key": "nobody_knows"},
        )
        yield Poison(
            changed(a_charge(), wallet_id=ground.foreign_wallet),
            404,
            "wallet_not_found",
            {"wallet_id": ground.foreign_wallet},
        )
        short = PRICE * MANY_TOKENS - FUNDS
        yield Poison(
            # The last wallet is nobody else's in this burst, so that its shortfall is known.
            changed(a_charge(), wallet_id=ground.wallets[-1], properties={"tokens": MANY_TOKENS}),
            402,
            "insufficient_funds",
            {"available": credits_of(FUNDS), "shortfall": credits_of(short)},
        )
        yield Poison(
            replace(grant(ground, next(numbers)), by_operator=False), 403, "not_allowed", {}
        )


def rivals(ground: Ground) -> Iterator[Rivals]:
    """Say one event in two ways, and use one key for two things."""
    first, second = charge(ground, 260), charge(ground, 262)
    same_event = changed(second, event_id=first.make()["event_id"])
    yield Rivals((first, same_event), "event_conflict")
    one, other = charge(ground, 261), charge(ground, 263)
    yield Rivals((one, replace(other, key=one.key)), "idempotency_key_reused")
    given, more = grant(ground, 20), grant(ground, 24)
    yield Rivals((given, replace(more, key=given.key)), "idempotency_key_reused")


async def test_of_a_burst_exactly_the_wrong_calls_are_refused(
    database_url: str, tmp_path: Path
) -> None:
    here = await _ground(database_url, tmp_path)
    spent_from = replace(here, wallets=here.wallets[:-1])
    bad, contests = list(poisons(here)), list(rivals(spent_from))
    good = [charge(spent_from, n) for n in range(10, 10 + GOOD)]
    asked = [
        *good,
        *good[::8] * TIMES,
        *(each.op for each in bad),
        *(op for each in contests for op in each.ops * TIMES),
        _mixed_batch(here),
    ]
    async with here.serving() as server:
        journal = Journal(here)
        await journal.begin(server.url)
        answers = await _burst(Load(here, server.url, iter(()), journal), asked)

        for op in good:
            _succeeded(journal, op, answers[op])
        for poison in bad:
            (answer,) = answers[poison.op]
            assert (answer.status, answer.body.get("code")) == (poison.status, poison.code)
            assert _facts(answer, poison.facts) == poison.facts
        for contest in contests:
            _decided(journal, contest, answers)
        (batch,) = answers[asked[-1]]
        _all_but_the_bad_event(journal, asked[-1], batch)
        await journal.compare(server.url)


def _facts(answer: Answer, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Pick what was wanted of a refusal; of what is wrong with a request, the fields."""
    told = {name: answer.body.get(name) for name in wanted}
    if "problems" in told:
        told["problems"] = [each["field"] for each in answer.body["problems"]]
    return told


async def _ground(database_url: str, folder: Path) -> Ground:
    is_server = database_url.startswith("postgresql")
    settings = load_settings(
        database_url=database_url,
        database_direct_url=servers.postgres_owner_url(database_url) if is_server else "",
        secrets_dir=folder / "secrets",
    )
    return await move_in(settings, folder, wallets=4)


async def _burst(load: Load, asked: list[Op]) -> dict[Op, list[Answer]]:
    """Ask for everything at once, each over a connection of its own, in any order."""
    order = list(asked)
    Random(3).shuffle(order)  # noqa: S311 - a seed that can be told

    async def ask(op: Op) -> Answer:
        async with Connection(load.url) as connection:
            return await load.until_acknowledged(connection, op)

    answers: dict[Op, list[Answer]] = {op: [] for op in asked}
    for op, answer in zip(order, await asyncio.gather(*map(ask, order)), strict=True):
        answers[op].append(answer)
    return answers


def _succeeded(journal: Journal, op: Op, answers: list[Answer]) -> None:
    """However often it was sent, it was done once, and everybody was told the same."""
    bodies = [answer.must() for answer in answers]
    assert len({body["transaction_id"] for body in bodies}) == 1
    if op.key:
        assert all(body == bodies[0] for body in bodies)
    else:
        assert [body["duplicate"] for body in bodies].count(False) == 1
    journal.note(op, answers[0])


def _decided(journal: Journal, contest: Rivals, answers: Mapping[Op, list[Answer]]) -> None:
    told = {op: {answer.body.get("code") for answer in answers[op]} for op in contest.ops}
    won = [op for op, codes in told.items() if codes == {None}]
    lost = [op for op, codes in told.items() if codes == {contest.code}]
    assert (len(won), len(lost)) == (1, 1), told
    assert {answer.status for answer in answers[lost[0]]} == {409}
    _succeeded(journal, won[0], answers[won[0]])


def _mixed_batch(ground: Ground) -> Op:
    def one(name: str, **said: Any) -> dict[str, Any]:
        return {"event_id": name, "meter_key": METER, "properties": {"tokens": 7}} | said

    events = [
        one("mixed-1"),
        one("mixed-2", meter_key="nobody_knows"),
        one("mixed-1"),
        one("mixed-3", properties={"tokens": "many"}),
        one("mixed-1", properties={"tokens": 8}),
        one("mixed-4"),
    ]
    return Op(name="record_usage", make=lambda: {"project_id": ground.project, "events": events})


def _all_but_the_bad_event(journal: Journal, op: Op, answer: Answer) -> None:
    told = [(each["status"], each["code"]) for each in answer.must()["events"]]
    assert told == [
        ("accepted", None),
        ("refused", "meter_not_found"),
        ("duplicate", None),
        ("refused", "property_not_numeric"),
        ("refused", "event_conflict"),
        ("accepted", None),
    ]
    assert Counter(status for status, _ in told)["accepted"] == answer.body["accepted"]
    journal.tokens |= {"mixed-1": 7, "mixed-4": 7}
