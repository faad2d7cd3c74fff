"""Credits come as grants, and are spent by priority, then by expiry, then by age."""

from datetime import timedelta
from typing import Any

import pytest

from tests.core.wallets.bank import (
    admin,
    available,
    capture,
    grant,
    hold,
    left,
    must,
    must_agree,
    open_project,
    open_wallet,
    refused,
    release,
    spend,
    viewer,
)
from tests.world import OPERATOR, START, World

pytestmark = pytest.mark.anyio


def within(**time: float) -> str:
    return (START + timedelta(**time)).isoformat()


async def four_grants(world: World) -> tuple[str, str]:
    """A wallet with four grants of one dollar, given in an order in which they are not spent."""
    project = await open_project(world)
    wallet = await open_wallet(world, project)
    await grant(world, wallet, "1", source="old")
    await grant(world, wallet, "1", source="new")
    await grant(world, wallet, "1", source="brief", expires_at=within(days=9))
    await grant(world, wallet, "1", source="briefer", expires_at=within(days=8))
    await grant(world, wallet, "1", source="first", priority=0, expires_at=within(days=20))
    return project, wallet


async def test_grants_are_spent_by_priority_then_by_expiry_then_by_age(world: World) -> None:
    _, wallet = await four_grants(world)
    emptied: list[str] = []

    for _ in range(5):
        before = await left(world, wallet)
        await spend(world, wallet, "1")
        after = await left(world, wallet)
        emptied += [each for each in before if before[each] != after[each]]

    assert emptied == ["first", "briefer", "brief", "old", "new"]
    await must_agree(world)


async def test_one_charge_may_use_up_some_grants_and_a_part_of_the_next(world: World) -> None:
    _, wallet = await four_grants(world)

    await spend(world, wallet, "2.60")

    wanted = {"old": "1.00", "new": "1.00", "brief": "0.40", "briefer": "0.00", "first": "0.00"}
    assert await left(world, wallet) == wanted
    assert await available(world, wallet) == "2.40"
    await must_agree(world)


async def test_a_grant_that_comes_first_is_spent_before_one_that_was_begun(world: World) -> None:
    project = await open_project(world)
    wallet = await open_wallet(world, project)
    await grant(world, wallet, "5", source="paid")
    await spend(world, wallet, "2")
    await grant(world, wallet, "1", source="gift", priority=10)

    await spend(world, wallet, "1.50")

    assert await left(world, wallet) == {"paid": "2.50", "gift": "0.00"}
    await must_agree(world)


async def test_a_grant_is_answered_with_its_terms_and_listed_with_what_became_of_it(
    world: World,
) -> None:
    project = await open_project(world)
    wallet = await open_wallet(world, project)
    until = within(hours=1)
    gone = await grant(world, wallet, "1", source="promotion", priority=3, expires_at=until)
    spent = await grant(world, wallet, "2", priority=2)
    kept = await grant(world, wallet, "4", source="goodwill")
    assert (gone["priority"], gone["expires_at"]) == (3, "2026-11-20T10:00:00Z")
    assert (kept["priority"], kept["expires_at"], kept["available"]) == (100, None, "7.00")
    await spend(world, wallet, "2")
    world.clock.advance(hours=1)

    page = await must(world, "list_grants", viewer(project), wallet_id=wallet)

    names = ("grant_id", "source", "amount", "remaining", "state", "expires_at")
    assert [tuple(each[name] for name in names) for each in page["items"]] == [
        (kept["grant_id"], "goodwill", "4.00", "4.00", "open", None),
        (spent["grant_id"], "grant", "2.00", "0.00", "spent", None),
        (gone["grant_id"], "promotion", "1.00", "0.00", "expired", "2026-11-20T10:00:00Z"),
    ]
    assert page["items"][0]["transaction_id"] == kept["transaction_id"]
    await must_agree(world)


async def test_a_list_of_grants_goes_on_where_its_cursor_says(world: World) -> None:
    project = await open_project(world)
    wallet = await open_wallet(world, project)
    for n in range(5):
        await grant(world, wallet, "1", source=f"s{n}")
    seen, cursor = [], None
    for _ in range(3):
        sent = {"wallet_id": wallet, "limit": 2, "cursor": cursor}
        page = await must(world, "list_grants", viewer(project), **sent)
        seen += [each["source"] for each in page["items"]]
        cursor = page["next_cursor"]

    assert (seen, cursor) == (["s4", "s3", "s2", "s1", "s0"], None)
    other = await must(world, "list_wallets", viewer(project), limit=1)
    assert other["next_cursor"] is None
    word = {"wallet_id": wallet, "cursor": "WyJ3YWxfMDFqZDN4OGs1dnEybTdyOXQ0dzZ5MHoxYWIiXQ"}
    assert await refused(world, "list_grants", viewer(project), **word) == "invalid_cursor"


@pytest.mark.parametrize(
    "sent",
    [
        {"expires_at": START.isoformat()},
        {"expires_at": "2026-11-20T08:59:59Z"},
        {"expires_at": "9999-12-31T00:00:00Z"},
        {"expires_at": 1795165200},
        {"priority": 1001},
        {"priority": -1},
        {"priority": "10"},
        {"source": "A promotion"},
        {"source": "a" * 41},
    ],
)
async def test_terms_that_make_no_sense_are_refused_by_their_field(
    world: World, sent: dict[str, Any]
) -> None:
    project = await open_project(world)
    wallet = await open_wallet(world, project)
    about = {"project_id": project, "wallet_id": wallet, "amount": "1"}

    code = await refused(world, "grant_credits", OPERATOR, **about, **sent)

    assert code == "invalid_request"
    assert await left(world, wallet) == {}


async def test_credits_that_are_moved_keep_their_priority_and_their_expiry(world: World) -> None:
    project = await open_project(world)
    source, target = await open_wallet(world, project), await open_wallet(world, project)
    await grant(world, source, "2", source="brief", priority=5, expires_at=within(hours=2))
    await grant(world, source, "9", source="paid")
    sent = {"from_wallet_id": source, "to_wallet_id": target, "amount": "3"}

    await must(world, "transfer_credits", admin(project), **sent)

    page = await must(world, "list_grants", viewer(project), wallet_id=target)
    terms = {(e["amount"], e["source"], e["priority"], e["expires_at"]) for e in page["items"]}
    assert terms == {
        ("2.00", "transfer", 5, "2026-11-20T11:00:00Z"),
        ("1.00", "transfer", 100, None),
    }
    await must_agree(world)
    world.clock.advance(hours=2)
    assert (await available(world, source), await available(world, target)) == ("8.00", "1.00")


async def test_moving_there_and_back_makes_no_credit_last_longer(world: World) -> None:
    project = await open_project(world)
    one, other = await open_wallet(world, project), await open_wallet(world, project)
    await grant(world, one, "5", expires_at=within(hours=1))
    for source, target in ((one, other), (other, one), (one, other), (other, one)):
        world.clock.advance(minutes=5)
        sent = {"from_wallet_id": source, "to_wallet_id": target, "amount": "5"}
        await must(world, "transfer_credits", admin(project), **sent)
    assert await available(world, one) == "5.00"

    world.clock.advance(minutes=40)

    assert (await available(world, one), await available(world, other)) == ("0.00", "0.00")
    sent = {"from_wallet_id": one, "to_wallet_id": other, "amount": "0.01"}
    assert await refused(world, "transfer_credits", admin(project), **sent) == "insufficient_funds"
    await must_agree(world)


async def test_a_reversed_grant_takes_back_that_grant_before_any_other(world: World) -> None:
    project = await open_project(world)
    wallet = await open_wallet(world, project)
    await grant(world, wallet, "1", source="first", priority=1)
    mistake = await grant(world, wallet, "2", source="mistake", priority=500)
    await grant(world, wallet, "4", source="paid")
    named = {"project_id": project, "transaction_id": mistake["transaction_id"]}

    await must(world, "reverse_transaction", OPERATOR, **named)

    assert await left(world, wallet) == {"first": "1.00", "mistake": "0.00", "paid": "4.00"}
    await must_agree(world)


async def test_what_was_spent_of_a_reversed_grant_is_taken_from_the_others(world: World) -> None:
    project = await open_project(world)
    wallet = await open_wallet(world, project)
    mistake = await grant(world, wallet, "2", source="mistake", priority=1)
    await grant(world, wallet, "4", source="paid")
    await spend(world, wallet, "1.50")
    named = {"project_id": project, "transaction_id": mistake["transaction_id"]}

    await must(world, "reverse_transaction", OPERATOR, **named)

    assert await left(world, wallet) == {"mistake": "0.00", "paid": "2.50"}
    await must_agree(world)


async def test_what_is_given_back_to_a_grant_is_spent_again_in_its_turn(world: World) -> None:
    project = await open_project(world)
    wallet = await open_wallet(world, project)
    await grant(world, wallet, "2", source="first", priority=1)
    await grant(world, wallet, "4", source="paid")
    held = await hold(world, wallet, "2")
    await spend(world, wallet, "1")
    await release(world, held["hold_id"], wallet)
    assert await left(world, wallet) == {"first": "2.00", "paid": "3.00"}

    held = await hold(world, wallet, "1.50")
    await capture(world, held["hold_id"], wallet, amount="0.25")

    assert await left(world, wallet) == {"first": "1.75", "paid": "3.00"}
    await must_agree(world)
