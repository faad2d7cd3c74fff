"""What has expired is not available from that very instant, and is booked by whoever comes by."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from core import jobs, ledger
from core.db.work import Work
from core.kernel.caller import SYSTEM
from core.kernel.money import Asset, Money
from core.ledger import tables
from core.surface import SCHEDULES
from core.wallets import balances
from core.wallets.jobs import AT_ONCE, expire_credits
from tests.core.wallets.bank import (
    accounts,
    admin,
    ask,
    available,
    cents,
    grant,
    hold,
    install_expiry,
    left,
    member,
    must,
    must_agree,
    open_project,
    open_wallet,
    refused,
    sell_calls,
    told,
    viewer,
)
from tests.world import OPERATOR, START, World

pytestmark = pytest.mark.anyio

USD = Asset("USD", 2)
TOMORROW = START + timedelta(days=1)
ALMOST = timedelta(days=1) - timedelta(microseconds=1)


async def brief_wallet(world: World, amount: str = "5") -> tuple[str, str]:
    """A wallet with so much that expires tomorrow."""
    project = await open_project(world)
    wallet = await open_wallet(world, project)
    await grant(world, wallet, amount, source="brief", expires_at=TOMORROW.isoformat())
    return project, wallet


@pytest.mark.parametrize("how", ["charge", "hold", "transfer"])
async def test_a_grant_is_spent_up_to_its_last_microsecond_and_no_later(
    world: World, how: str
) -> None:
    project, wallet = await brief_wallet(world)
    other = await open_wallet(world, project)
    await sell_calls(world)

    async def spend(name: str) -> str | None:
        sent: dict[str, tuple[str, dict[str, Any]]] = {
            "charge": ("charge_usage", cents(wallet, name, 100)),
            "hold": ("hold_credits", {"wallet_id": wallet, "amount": "1"}),
            "transfer": (
                "transfer_credits",
                {"from_wallet_id": wallet, "to_wallet_id": other, "amount": "1"},
            ),
        }
        operation, arguments = sent[how]
        outcome = await ask(world, operation, admin(project), **arguments)
        return outcome.error.code if outcome.error else None

    world.clock.advance(ALMOST)
    assert await spend("just in time") is None
    world.clock.advance(microseconds=1)

    assert await spend("too late") == "insufficient_funds"
    assert await available(world, wallet) == "0.00"
    await must_agree(world)


async def test_what_has_expired_is_not_told_to_be_there_though_nothing_was_booked(
    world: World,
) -> None:
    project, wallet = await brief_wallet(world)
    await grant(world, wallet, "2", source="paid")
    world.clock.advance(ALMOST)
    assert await available(world, wallet) == "7.00"
    world.clock.advance(microseconds=1)

    balance = await must(world, "check_balance", viewer(project), wallet_id=wallet)
    [listed] = (await must(world, "list_wallets", viewer(project)))["items"]

    for shown in (balance, listed):
        told = {name: shown[name] for name in ("posted", "held", "expired", "available")}
        assert told == {"posted": "7.00", "held": "0.00", "expired": "5.00", "available": "2.00"}
    assert await left(world, wallet) == {"brief": "0.00", "paid": "2.00"}
    assert await accounts(world, "breakage") == {"breakage": 0}
    await must_agree(world)


async def test_a_charge_that_comes_by_books_what_has_expired_before_it(world: World) -> None:
    project, wallet = await brief_wallet(world)
    await grant(world, wallet, "2", source="paid")
    await sell_calls(world)
    world.clock.advance(days=1)

    charged = await must(world, "charge_usage", admin(project), **cents(wallet, "e1", 50))

    assert charged["available"] == "1.50"
    page = await must(world, "list_transactions", viewer(project), wallet_id=wallet)
    assert [(each["kind"], each["amount"]) for each in page["items"][:2]] == [
        ("charge", "-0.50"),
        ("breakage", "-5.00"),
    ]
    await must_agree(world)


async def test_the_job_books_what_has_expired_and_tells_of_it_once(world: World) -> None:
    _, wallet = await brief_wallet(world)
    await grant(world, wallet, "2", source="paid")
    held = await hold(world, wallet, "1", expires_in_seconds=86_400)
    runtime = await install_expiry(world)
    world.clock.advance(days=1)

    for _ in range(2):
        await jobs.run_due(runtime)
        world.clock.advance(minutes=1)

    assert await accounts(world, "breakage", "wallet") == {"breakage": 500, "wallet": 200}
    assert await available(world, wallet) == "2.00"
    events = await told(world, "grant.expired", "hold.expired")
    assert [(kind, data["wallet_id"], data["amount"]) for kind, data in events] == [
        ("grant.expired", wallet, "5.00"),
        ("hold.expired", wallet, "1.00"),
    ]
    assert held["state"] == "open"
    await must_agree(world)


async def test_the_job_is_run_every_minute() -> None:
    [schedule] = [each for each in SCHEDULES if each.job is expire_credits]
    assert schedule.every_seconds == 60


async def test_the_job_goes_on_until_nothing_is_due(world: World) -> None:
    project = await open_project(world)
    first = await open_wallet(world, project)
    wallets = [f"wal_{first[4:-4]}{n:04}" for n in range(AT_ONCE + 20)]
    terms = ledger.Terms("promotion", 1, TOMORROW)
    async with world.database.begin(SYSTEM) as unit:
        work = unit.within(project)
        for wallet in wallets:
            await ledger.open_wallet_account(work, wallet, USD, 0)
        await ledger.post_each(work, [_drawn(work, wallet, terms) for wallet in wallets])
    runtime = await install_expiry(world)
    world.clock.advance(days=31)

    assert await jobs.run_due(runtime) == 1

    assert await accounts(world, "breakage", "wallet") == {
        "breakage": len(wallets),
        "wallet": 0,
    }
    async with world.database.read(SYSTEM) as work:
        a = tables.accounts.c
        assert (await work.execute(select(a.id).where(a.due_at.is_not(None)))).all() == []


def _drawn(work: Work, wallet_id: str, terms: ledger.Terms) -> ledger.Transaction:
    reference = f"grant:{wallet_id}"
    return ledger.flows.GRANT.draw(
        work, Money(1, USD), reference=reference, target=wallet_id, terms=terms
    )


async def test_many_workers_and_charges_at_once_book_what_has_expired_once(world: World) -> None:
    project = await open_project(world)
    wallets = [await open_wallet(world, project) for _ in range(5)]
    for wallet in wallets:
        await grant(world, wallet, "5", source="brief", expires_at=TOMORROW.isoformat())
        await grant(world, wallet, "2", source="paid")
    world.clock.advance(days=1)

    async def expire() -> None:
        async with world.database.begin(SYSTEM) as work:
            await ledger.expire_due(work, AT_ONCE)

    async def spend(wallet: str) -> None:
        await must(world, "hold_credits", member(project), wallet_id=wallet, amount="1")

    await asyncio.gather(*(expire() for _ in range(5)), *map(spend, wallets))

    assert await accounts(world, "breakage", "wallet") == {"breakage": 2500, "wallet": 1000}
    assert len(await told(world, "grant.expired")) == 5
    assert [await available(world, each) for each in wallets] == ["1.00"] * 5
    await must_agree(world)


async def test_whoever_asks_while_it_is_booked_is_told_what_is_left_before_or_after(
    world: World,
) -> None:
    """The reader is stopped between the account and its grants, which are then another state's."""
    project, wallet = await brief_wallet(world)
    await grant(world, wallet, "2", source="paid")
    world.clock.advance(days=1)

    async def look() -> str:
        # In a unit that sees what others commit between its statements, as shared ones do.
        async with world.database.begin(SYSTEM) as work:
            return (await balances(work.within(project), [wallet]))[wallet].available.decimal

    async def stand_in_the_way() -> None:
        if world.url.startswith("postgresql"):
            async with world.owner() as connection:
                await connection.execute(text("lock table ledger_holds in access exclusive mode"))

    async with world.database.begin(SYSTEM) as work:
        expire = ledger.Expire(project, ledger.wallet_account(wallet))
        await ledger.post_each(work, [expire])
        # This waits for us, and the reader, once it has the account as it was, behind this.
        standing = asyncio.create_task(stand_in_the_way())
        await asyncio.sleep(0.3)
        looking = asyncio.create_task(look())
        await asyncio.sleep(0.3)

    await standing
    assert await looking == "2.00"


async def test_what_expires_on_the_way_of_a_shared_unit_is_traced_to_its_own_project(
    world: World,
) -> None:
    mine, wallet = await brief_wallet(world)
    other = await open_project(world, "Other")
    theirs = await open_wallet(world, other, "5")
    await grant(world, wallet, "2", source="paid")
    world.clock.advance(days=1)

    async def spend(project: str, wallet_id: str) -> dict[str, Any]:
        sent = {"wallet_id": wallet_id, "amount": "0.10"}
        return await must(world, "hold_credits", member(project), **sent)

    # The first is taken alone; the others share the next unit, ours behind another project's.
    await asyncio.gather(
        *(spend(other, theirs) for _ in range(3)),
        *(spend(mine, wallet) for _ in range(3)),
    )

    [(_, event)] = await told(world, "grant.expired")
    assert event["wallet_id"] == wallet
    await must_agree(world)


async def test_a_reader_is_told_the_same_as_whoever_spends_next(world: World) -> None:
    project, wallet = await brief_wallet(world)
    await grant(world, wallet, "3", source="paid")
    await hold(world, wallet, "6", expires_in_seconds=3600)
    await hold(world, wallet, "1", expires_in_seconds=604_800)
    world.clock.advance(days=1)

    before = await available(world, wallet)
    short = {"wallet_id": wallet, "amount": "100"}
    assert await refused(world, "hold_credits", member(project), **short) == "insufficient_funds"

    assert await available(world, wallet) == before == "2.00"
    await must_agree(world)


async def test_a_grant_taken_back_after_its_expiry_has_nothing_left_to_take(world: World) -> None:
    project, wallet = await brief_wallet(world)
    page = await must(world, "list_grants", viewer(project), wallet_id=wallet)
    named = {"project_id": project, "transaction_id": page["items"][0]["transaction_id"]}
    world.clock.advance(days=1)

    code = await refused(world, "reverse_transaction", OPERATOR, **named)

    assert code == "insufficient_funds"
    await must_agree(world)
