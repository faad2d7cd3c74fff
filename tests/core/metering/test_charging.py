"""Charging records an event and takes its price, both or neither, at most once, ever."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete
from sqlalchemy.exc import DBAPIError

from core import ledger, metering, statements, wallets
from core.kernel.caller import Role
from core.kernel.ids import compose
from core.kernel.money import Money
from core.metering import operations, tables
from core.operations import NotAllowed, ScopeRequired
from tests.core.metering.shop import USD, Shop, use
from tests.world import OPERATOR, PROJECT, START, agent

pytestmark = pytest.mark.anyio


async def test_a_charge_records_the_event_and_takes_its_price(shop: Shop) -> None:
    wallet = await shop.wallet("10")

    charged = await shop.charge("a", "tokens", properties={"tokens": 1500})

    assert charged["transaction_id"].startswith("txn_")
    assert charged == {
        "event_id": "a",
        "meter_key": "tokens",
        "quantity": "1500",
        "amount": "3.75",
        "asset": "USD/2",
        "transaction_id": charged["transaction_id"],
        "wallet_id": wallet,
        "available": "6.25",
        "duplicate": False,
    }
    assert (await shop.available(wallet), await shop.revenue()) == ("6.25", "3.75")
    assert await shop.counts() == (1, 1)


async def test_the_ledger_names_the_event_it_charged(shop: Shop) -> None:
    wallet = await shop.wallet("10")
    charged = await shop.charge("a", "calls")

    async with shop.world.database.read(OPERATOR) as work:
        work.found_project_id = PROJECT
        account = ledger.wallet_account(wallet)
        line = (await statements.statement(work, account, limit=1))[0]

    assert (line.transaction_id, line.reference) == (charged["transaction_id"], "usage:a")


async def test_charging_again_answers_with_the_first_charge_and_takes_nothing(shop: Shop) -> None:
    wallet = await shop.wallet("10")
    first = await shop.charge("a", "calls")
    shop.world.clock.advance(days=400)

    assert await shop.charge("a", "calls") == first | {"duplicate": True}
    assert await shop.available(wallet) == "9.90"


async def test_a_duplicate_names_the_wallet_that_paid_whichever_is_named_now(shop: Shop) -> None:
    first, other = await shop.wallet("10"), await shop.wallet("10")
    await shop.charge("a", "calls", wallet_id=first)

    again = await shop.charge("a", "calls", wallet_id=other)

    assert (again["wallet_id"], again["duplicate"]) == (first, True)
    assert await shop.available(other) == "10.00"


async def test_other_content_under_a_charged_id_is_a_conflict(shop: Shop) -> None:
    wallet = await shop.wallet("10")
    await shop.charge("a", "hours", quantity="1")

    outcome = await shop.perform(
        operations.charge_usage, event_id="a", meter_key="hours", quantity="2"
    )

    assert isinstance(outcome.error, metering.EventConflict)
    assert await shop.available(wallet) == "8.50"


async def test_recorded_usage_is_charged_when_it_is_sent_to_be_charged(shop: Shop) -> None:
    wallet = await shop.wallet("10")
    await shop.record(use("a", "hours", quantity="2"))
    shop.world.clock.advance(days=36)

    charged = await shop.charge("a", "hours", quantity="2")

    assert (charged["amount"], charged["duplicate"]) == ("3.00", False)
    assert await shop.available(wallet) == "7.00"
    assert await shop.counts() == (1, 1)


async def test_charged_usage_is_a_duplicate_when_it_is_recorded(shop: Shop) -> None:
    await shop.wallet("10")
    await shop.charge("a", "calls")

    assert await shop.record(use("a")) == [("duplicate", None)]


async def test_a_wallet_that_is_short_is_told_by_how_much_and_nothing_is_recorded(
    shop: Shop,
) -> None:
    wallet = await shop.wallet("1")
    asked = use("a", "hours", quantity="3")

    outcome = await shop.perform(operations.charge_usage, **asked)

    assert isinstance(outcome.error, ledger.InsufficientFunds)
    assert outcome.error.facts == {
        "wallet_id": wallet,
        "available": Money.of("1", USD),
        "shortfall": Money.of("3.50", USD),
    }
    assert (await shop.counts(), await shop.available(wallet)) == ((0, 0), "1.00")


async def test_a_refused_charge_passes_once_the_wallet_was_topped_up(shop: Shop) -> None:
    wallet = await shop.wallet("1")
    asked = use("a", "hours", quantity="3")
    await shop.perform(operations.charge_usage, **asked)
    async with shop.world.database.begin(OPERATOR) as work:
        work.found_project_id = PROJECT
        grant = ledger.flows.GRANT.draw(
            work, Money.of("3.50", USD), reference="gift", target=wallet
        )
        await ledger.post(work, grant)

    assert (await shop.charge("a", "hours", quantity="3"))["available"] == "0.00"


@pytest.mark.parametrize(
    ("tokens", "amount"), [(1, "0.00"), (2, "0.01"), (5, "0.01"), (6, "0.02"), (1001, "2.50")]
)
async def test_the_price_of_an_event_is_rounded_once_half_up(
    shop: Shop, tokens: int, amount: str
) -> None:
    await shop.wallet("10")

    charged = await shop.charge("a", "tokens", properties={"tokens": tokens})

    assert charged["amount"] == amount
    assert (charged["transaction_id"] is None) == (amount == "0.00")


async def test_what_costs_nothing_is_charged_without_a_transaction(shop: Shop) -> None:
    wallet = await shop.wallet()

    charged = await shop.charge("a", "free")

    assert (charged["amount"], charged["transaction_id"]) == ("0.00", None)
    assert (await shop.charge("a", "free"))["duplicate"]
    assert (await shop.counts(), await shop.available(wallet)) == ((1, 1), "0.00")


@pytest.mark.parametrize(
    ("meter_key", "properties"), [("seats", {}), ("users", {"user": "ada"}), ("storage", {"gb": 1})]
)
async def test_a_meter_that_looks_at_many_events_cannot_charge_one(
    shop: Shop, meter_key: str, properties: dict[str, str | int]
) -> None:
    await shop.wallet("10")
    asked = use("a", meter_key, properties=properties)

    outcome = await shop.perform(operations.charge_usage, **asked)

    assert isinstance(outcome.error, metering.MeterNotChargeable)
    assert "record_usage" in str(outcome.error)
    assert await shop.counts() == (0, 0)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"meter_key": "no_such_meter"}, "meter_not_found"),
        ({"meter_key": "tokens"}, "property_missing"),
        ({"occurred_at": (START + timedelta(minutes=6)).isoformat()}, "event_in_the_future"),
        ({"occurred_at": (START - timedelta(days=36)).isoformat()}, "event_too_old"),
        ({"wallet_id": compose("wal", 404)}, "wallet_not_found"),
        ({"meter_key": "hours", "quantity": "9000000000000"}, "insufficient_funds"),
    ],
)
async def test_a_charge_that_cannot_be_made_says_why_and_leaves_nothing(
    shop: Shop, more: dict[str, str], code: str
) -> None:
    await shop.wallet("10")

    outcome = await shop.perform(operations.charge_usage, **use("a") | more)

    assert outcome.error
    assert outcome.error.code == code
    assert await shop.counts() == (0, 0)


async def test_a_price_beyond_what_an_asset_can_count_is_refused(shop: Shop) -> None:
    gold = {"key": "gold", "name": "Gold", "aggregation": "sum", "unit": "bar", "asset": "USD/2"}
    await shop.ask(operations.create_meter, caller=OPERATOR, **gold, price="9999999999999999999")

    outcome = await shop.perform(operations.charge_usage, event_id="a", meter_key="gold")

    assert outcome.error
    assert outcome.error.code == "no_wallet_for_asset"
    await shop.wallet("10")
    outcome = await shop.perform(operations.charge_usage, event_id="a", meter_key="gold")
    assert outcome.error
    assert outcome.error.code == "charge_too_large"


async def test_a_wallet_of_another_asset_is_refused(shop: Shop) -> None:
    euros = await shop.wallet(asset="EUR/2")

    outcome = await shop.perform(operations.charge_usage, **use("a"), wallet_id=euros)

    assert isinstance(outcome.error, ledger.AssetMismatch)
    assert outcome.error.facts == {"account_id": euros, "holds": "EUR/2", "given": "USD/2"}


async def test_another_projects_wallet_is_not_found_and_not_charged(shop: Shop) -> None:
    other = await shop.project(compose("prj", 2))
    theirs = await shop.wallet("10", project_id=other)

    outcome = await shop.perform(operations.charge_usage, **use("a"), wallet_id=theirs)

    assert isinstance(outcome.error, wallets.WalletNotFound)
    assert await shop.available(theirs, other) == "10.00"


async def test_one_event_id_in_two_projects_is_two_charges(shop: Shop) -> None:
    other = await shop.project(compose("prj", 2))
    await shop.wallet("10")
    await shop.wallet("10", project_id=other)

    ours = await shop.charge("a", "calls")
    theirs = await shop.charge("a", "calls", caller=agent(project_id=other))

    assert (ours["duplicate"], theirs["duplicate"]) == (False, False)
    assert (await shop.revenue(), await shop.revenue(other)) == ("0.10", "0.10")


async def test_a_unit_that_dies_after_charging_leaves_nothing_and_can_be_run_again(
    shop: Shop,
) -> None:
    wallet = await shop.wallet("10")
    event = metering.Event(
        event_id="a", meter_key="calls", occurred_at=None, quantity="1", properties={}
    )

    async def charge_and_die() -> None:
        async with shop.world.database.begin(OPERATOR) as work:
            work.found_project_id = PROJECT
            await metering.charge(work, event, wallet)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await charge_and_die()

    assert (await shop.counts(), await shop.available(wallet)) == ((0, 0), "10.00")
    assert not (await shop.charge("a", "calls"))["duplicate"]


async def test_a_charge_cannot_be_removed_even_with_sql(shop: Shop) -> None:
    await shop.wallet("10")
    await shop.charge("a", "calls")

    with pytest.raises(DBAPIError, match=r"append-only|permission denied"):
        async with shop.world.database.begin(OPERATOR) as work:
            await work.execute(delete(tables.charges))

    assert await shop.counts() == (1, 1)


async def test_a_viewer_may_not_charge(shop: Shop) -> None:
    outcome = await shop.perform(operations.charge_usage, caller=agent(Role.VIEWER), **use("a"))

    assert isinstance(outcome.error, NotAllowed)


async def test_charging_needs_the_scope_to_spend_as_well_as_to_record(shop: Shop) -> None:
    recorder = replace(agent(), scopes=frozenset({"metering:write"}))

    outcome = await shop.perform(operations.charge_usage, caller=recorder, **use("a"))

    assert isinstance(outcome.error, ScopeRequired)
    assert outcome.error.missing == ["wallets:write"]
