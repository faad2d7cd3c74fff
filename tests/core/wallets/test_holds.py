"""A hold reserves credits before a use, and is captured, released, or expires, once."""

from datetime import timedelta
from typing import Any

import pytest

from core import projects
from core.kernel.caller import Role
from core.kernel.ids import compose
from tests.core.wallets.bank import (
    accounts,
    admin,
    ask,
    available,
    capture,
    grant,
    hold,
    left,
    member,
    must,
    must_agree,
    open_project,
    open_wallet,
    refused,
    release,
    told,
    viewer,
)
from tests.world import OPERATOR, START, World, agent

pytestmark = pytest.mark.anyio


async def wallet_with(world: World, amount: str, **more: Any) -> tuple[str, str]:
    project = await open_project(world)
    return project, await open_wallet(world, project, amount, **more)


async def test_what_is_held_cannot_be_spent_by_anybody_else(world: World) -> None:
    project, wallet = await wallet_with(world, "10")

    held = await hold(world, wallet, "7", memo="A long answer")

    shown = {name: held[name] for name in ("amount", "capture_max", "state", "available", "memo")}
    assert shown == {
        "amount": "7.00",
        "capture_max": "7.00",
        "state": "open",
        "available": "3.00",
        "memo": "A long answer",
    }
    assert held["expires_at"] == "2026-11-20T09:15:00Z"
    balance = await must(world, "check_balance", viewer(project), wallet_id=wallet)
    assert [balance[each] for each in ("posted", "held", "available")] == ["10.00", "7.00", "3.00"]
    sent = {"wallet_id": wallet, "amount": "3.01"}
    outcome = await ask(world, "hold_credits", member(project), **sent)
    assert outcome.error is not None
    assert str(outcome.error.facts["shortfall"]) == "0.01 USD"
    await must_agree(world)


@pytest.mark.parametrize(
    ("amount", "captured", "released", "after"),
    [
        (None, "4.00", "0.00", "6.00"),
        ("1.25", "1.25", "2.75", "8.75"),
        ("5", "5.00", "0.00", "5.00"),
    ],
)
async def test_a_capture_takes_the_whole_hold_a_part_of_it_or_more(
    world: World, amount: str | None, captured: str, released: str, after: str
) -> None:
    project, wallet = await wallet_with(world, "10")
    held = await hold(world, wallet, "4", capture_max="5")

    done = await capture(world, held["hold_id"], wallet, amount=amount)

    assert (done["captured"], done["released"], done["available"]) == (captured, released, after)
    assert await available(world, wallet) == after
    [shown] = (await must(world, "list_holds", viewer(project), wallet_id=wallet))["items"]
    assert (shown["state"], shown["captured"]) == ("captured", captured)
    assert shown["transaction_id"] == done["transaction_id"]
    page = await must(world, "list_transactions", viewer(project), wallet_id=wallet)
    line = page["items"][0]
    assert (line["kind"], line["reference"]) == ("capture", f"hold:{held['hold_id']}")
    assert (line["amount"], line["balance_after"]) == (f"-{captured}", after)
    assert (await accounts(world, "revenue"))["revenue"] == int(captured.replace(".", ""))
    await must_agree(world)


async def test_more_than_was_agreed_is_not_captured_and_the_hold_stays_open(world: World) -> None:
    project, wallet = await wallet_with(world, "10")
    held = await hold(world, wallet, "4", capture_max="5")
    sent = {"hold_id": held["hold_id"], "amount": "5.01"}

    outcome = await ask(world, "capture_hold", member(project), **sent)

    assert outcome.error is not None
    assert outcome.error.code == "capture_too_large"
    assert str(outcome.error.facts["capture_max"]) == "5.00 USD"
    assert (await capture(world, held["hold_id"], wallet))["captured"] == "4.00"
    await must_agree(world)


async def test_what_is_beyond_the_hold_must_be_there_to_be_captured(world: World) -> None:
    project, wallet = await wallet_with(world, "4.50")
    held = await hold(world, wallet, "4", capture_max="5")
    sent = {"hold_id": held["hold_id"]}

    outcome = await ask(world, "capture_hold", member(project), **sent, amount="5")

    assert outcome.error is not None
    assert (outcome.error.code, str(outcome.error.facts["shortfall"])) == (
        "insufficient_funds",
        "0.50 USD",
    )
    done = await must(world, "capture_hold", member(project), **sent, amount="4.50")
    assert (done["captured"], done["available"]) == ("4.50", "0.00")
    await must_agree(world)


async def test_a_released_hold_gives_everything_back_and_is_over(world: World) -> None:
    project, wallet = await wallet_with(world, "10")
    held = await hold(world, wallet, "7")

    freed = await release(world, held["hold_id"], wallet)

    assert (freed["state"], freed["available"]) == ("released", "10.00")
    for name in ("capture_hold", "release_hold"):
        outcome = await ask(world, name, member(project), hold_id=held["hold_id"])
        assert outcome.error is not None
        assert (outcome.error.code, outcome.error.facts["state"]) == ("hold_not_open", "released")
    await must_agree(world)


async def test_a_hold_lasts_until_the_microsecond_before_its_expiry(world: World) -> None:
    project, wallet = await wallet_with(world, "10")
    first, second = [await hold(world, wallet, "5", expires_in_seconds=60) for _ in range(2)]
    world.clock.advance(timedelta(seconds=60) - timedelta(microseconds=1))
    assert await available(world, wallet) == "0.00"
    await capture(world, first["hold_id"], wallet)
    world.clock.advance(microseconds=1)

    assert await available(world, wallet) == "5.00"
    page = await must(world, "list_holds", viewer(project), wallet_id=wallet, state="expired")
    assert [each["hold_id"] for each in page["items"]] == [second["hold_id"]]
    outcome = await ask(world, "capture_hold", member(project), hold_id=second["hold_id"])
    assert outcome.error is not None
    assert outcome.error.facts["state"] == "expired"
    await must_agree(world)


async def test_a_grant_that_expires_under_a_hold_can_still_be_captured(world: World) -> None:
    _, wallet = await wallet_with(world, "")
    until = (START + timedelta(minutes=10)).isoformat()
    await grant(world, wallet, "3", source="brief", expires_at=until)
    await grant(world, wallet, "5", source="paid")
    held = await hold(world, wallet, "3")
    world.clock.advance(minutes=10)
    assert await available(world, wallet) == "5.00"

    done = await capture(world, held["hold_id"], wallet)

    assert (done["captured"], done["available"]) == ("3.00", "5.00")
    assert await left(world, wallet) == {"brief": "0.00", "paid": "5.00"}
    assert await accounts(world, "revenue", "breakage") == {"revenue": 300, "breakage": 0}
    await must_agree(world)


@pytest.mark.parametrize("how", ["capture_hold", "release_hold", "expiry"])
async def test_what_a_hold_gives_back_to_an_expired_grant_is_breakage(
    world: World, how: str
) -> None:
    project, wallet = await wallet_with(world, "")
    until = (START + timedelta(minutes=10)).isoformat()
    await grant(world, wallet, "3", source="brief", expires_at=until)
    await grant(world, wallet, "5", source="paid")
    held = await hold(world, wallet, "4")
    world.clock.advance(minutes=10)
    sent = {"capture_hold": {"amount": "1"}, "release_hold": {}}
    if how in sent:
        await must(world, how, member(project), hold_id=held["hold_id"], **sent[how])
    else:
        world.clock.advance(minutes=5)

    spent = 100 if how == "capture_hold" else 0
    assert await available(world, wallet) == "5.00"
    assert await left(world, wallet) == {"brief": "0.00", "paid": "5.00"}
    await hold(world, wallet, "5")
    held_by = {"revenue": spent, "breakage": 300 - spent}
    assert await accounts(world, "revenue", "breakage") == held_by
    await must_agree(world)


async def test_a_capture_is_taken_back_by_reversing_it_and_the_hold_stays_settled(
    world: World,
) -> None:
    project, wallet = await wallet_with(world, "5")
    held = await hold(world, wallet, "2")
    done = await capture(world, held["hold_id"], wallet)
    named = {"project_id": project, "transaction_id": done["transaction_id"]}

    await must(world, "reverse_transaction", OPERATOR, **named)

    assert await available(world, wallet) == "5.00"
    code = await refused(world, "capture_hold", member(project), hold_id=held["hold_id"])
    assert code == "hold_not_open"
    await must_agree(world)


async def test_holds_are_listed_newest_first_by_what_became_of_them(world: World) -> None:
    project, wallet = await wallet_with(world, "10")
    ids = [(await hold(world, wallet, "1"))["hold_id"] for _ in range(5)]
    await capture(world, ids[0], wallet)
    await release(world, ids[1], wallet)

    async def listed(**sent: Any) -> list[str]:
        page = await must(world, "list_holds", viewer(project), wallet_id=wallet, **sent)
        return [each["hold_id"] for each in page["items"]]

    assert await listed() == ids[::-1]
    assert await listed(state="open") == ids[:1:-1]
    assert await listed(state="captured") == [ids[0]]
    assert await listed(state="released") == [ids[1]]
    assert await listed(state="expired") == []
    page = await must(world, "list_holds", viewer(project), wallet_id=wallet, limit=3)
    assert await listed(cursor=page["next_cursor"], limit=3) == ids[1::-1]


async def test_a_hold_of_another_project_is_not_found(world: World) -> None:
    mine, _ = await wallet_with(world, "10")
    other = await open_project(world, "Other")
    foreign = await hold(world, await open_wallet(world, other, "5"), "1")

    for name in ("capture_hold", "release_hold"):
        code = await refused(world, name, admin(mine), hold_id=foreign["hold_id"])
        assert code == "hold_not_found"
        code = await refused(world, name, admin(mine), hold_id=compose("hld", 5))
        assert code == "hold_not_found"


async def test_a_members_own_wallet_is_held_and_settled_by_that_member(world: World) -> None:
    project = await open_project(world)
    ada = compose("usr", 1)
    async with world.database.begin(OPERATOR) as work:
        await projects.know_person(work, ada, "ada@example.com", "Ada", is_operator=False)
    person = {"project_id": project, "user_id": ada, "role": str(Role.MEMBER)}
    await must(world, "add_member", OPERATOR, **person)
    wallet = await open_wallet(world, project, "5", user_id=ada)
    held = await hold(world, wallet, "1")
    bob = member(project, number=2)

    sent = {"wallet_id": wallet, "amount": "1"}
    assert await refused(world, "hold_credits", bob, **sent) == "wallet_not_found"
    for name in ("capture_hold", "release_hold"):
        assert await refused(world, name, bob, hold_id=held["hold_id"]) == "hold_not_found"
    boss = agent(Role.ADMIN, project, number=2)
    await must(world, "release_hold", boss, hold_id=held["hold_id"])


@pytest.mark.parametrize(
    "sent",
    [
        {"expires_in_seconds": 0},
        {"expires_in_seconds": 604_801},
        {"expires_in_seconds": 1.5},
        {"amount": "0"},
        {"amount": "0.001"},
        {"capture_max": "0.99"},
        {"capture_max": "1.001"},
    ],
)
async def test_a_hold_that_makes_no_sense_is_refused(world: World, sent: dict[str, Any]) -> None:
    project, wallet = await wallet_with(world, "5")

    about = {"wallet_id": wallet, "amount": "1"} | sent
    assert await refused(world, "hold_credits", member(project), **about) == "invalid_request"


async def test_a_key_that_was_used_holds_and_captures_once(world: World) -> None:
    project, wallet = await wallet_with(world, "5")
    sent = {"wallet_id": wallet, "amount": "2"}

    holds = [(await ask(world, "hold_credits", member(project), "k1", **sent)) for _ in range(2)]
    named = {"hold_id": holds[0].body["hold_id"]}
    done = [(await ask(world, "capture_hold", member(project), "k2", **named)) for _ in range(2)]

    assert [each.replayed for each in (*holds, *done)] == [False, True, False, True]
    assert (holds[0].body, done[0].body) == (holds[1].body, done[1].body)
    assert done[0].error is None
    assert await available(world, wallet) == "3.00"
    other = await ask(world, "capture_hold", member(project), "k2", **named, amount="1")
    assert other.error is not None
    assert other.error.code == "idempotency_key_reused"
    await must_agree(world)


async def test_what_becomes_of_a_hold_is_told(world: World) -> None:
    _, wallet = await wallet_with(world, "9")
    held = [await hold(world, wallet, "2") for _ in range(3)]
    done = await capture(world, held[0]["hold_id"], wallet, amount="1.50")
    await release(world, held[1]["hold_id"], wallet)
    world.clock.advance(minutes=15)
    await hold(world, wallet, "1")

    kinds = ("hold.created", "hold.captured", "hold.released", "hold.expired")
    events = await told(world, *kinds)

    assert [kind for kind, _ in events] == [
        *["hold.created"] * 3,
        "hold.captured",
        "hold.released",
        "hold.expired",
        "hold.created",
    ]
    captured, expired = events[3][1], events[5][1]
    assert (captured["wallet_id"], captured["transaction_id"]) == (wallet, done["transaction_id"])
    assert (captured["amount"], captured["captured"], captured["released"]) == (
        "2.00",
        "1.50",
        "0.50",
    )
    assert expired == {"wallet_id": wallet, "amount": "2.00", "asset": "USD/2"}
