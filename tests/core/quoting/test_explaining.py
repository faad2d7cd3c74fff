"""Every amount has an explanation: where it came from, computed anew, and compared."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.schema import metadata
from core.explaining.causes import BY_CAUSE
from core.kernel.caller import Caller, Role
from core.kernel.ids import compose
from core.metering import operations as metering
from core.operations.perform import Call, Outcome
from core.quoting import operations
from core.wallets import hold_operations as holds
from core.wallets import operations as wallets
from tests.core.metering.shop import Shop
from tests.transports.doors import BY_NAME
from tests.transports.tenant import Tenant, ask, settled
from tests.world import OPERATOR, PROJECT, START, World, agent

pytestmark = pytest.mark.anyio

TRANSACTIONS = metadata.tables["ledger_transactions"]


@pytest.fixture
async def shop(world: World) -> Shop:
    return await Shop.open(world)


async def explain(shop: Shop, transaction_id: str, **more: Any) -> dict[str, Any]:
    return await shop.ask(operations.explain_charge, transaction_id=transaction_id, **more)


def amounts(told: dict[str, Any]) -> list[tuple[str, str, str | None]]:
    return [(each["account"], each["amount"], each["recomputed"]) for each in told["movements"]]


async def test_a_charge_leads_down_to_its_event_and_the_price_of_its_meter(shop: Shop) -> None:
    wallet = await shop.wallet("100")
    properties = {"tokens": 1501}
    charged = await shop.charge("e1", "tokens", wallet_id=wallet, properties=properties)

    told = await explain(shop, charged["transaction_id"])

    [meter] = [
        each
        for each in (await shop.ask(metering.list_meters, caller=OPERATOR))["items"]
        if each["key"] == "tokens"
    ]
    [grant] = (await shop.ask(wallets.list_grants, wallet_id=wallet))["items"]
    assert told.pop("invocation_id").startswith("inv_")
    assert told == {
        "transaction_id": charged["transaction_id"],
        "kind": "charge",
        "posted_at": START.isoformat().replace("+00:00", "Z"),
        "reference": "usage:e1",
        "memo": "Tokens",
        "reverses": None,
        "origin": "usage",
        "origin_id": "e1",
        "summary": "1501 token of Tokens, each 0.0025 USD",
        "facts": {
            "meter_key": "tokens",
            "meter_id": meter["id"],
            "unit_price": "0.0025",
            "asset": "USD/2",
            "priced_since": START.isoformat(),
        },
        "events": [
            {
                "event_id": "e1",
                "meter_key": "tokens",
                "occurred_at": START.isoformat().replace("+00:00", "Z"),
                "quantity": "1501",
            }
        ],
        "lines": [
            {
                "path": "unit",
                "note": "each",
                "quantity": "1501",
                "unit": "0.0025",
                "flat": "0",
                "exact": "3.7525",
                "amount": "3.75",
            }
        ],
        "movements": [
            {
                "account": "wallet",
                "wallet_id": wallet,
                "asset": "USD/2",
                "amount": "-3.75",
                "balance": "96.25",
                "recomputed": "-3.75",
            }
        ],
        "paid_by": [{"grant_id": grant["grant_id"], "amount": "3.75"}],
        "matches": True,
        "differences": [],
    }


async def test_a_price_that_was_changed_behind_our_back_no_longer_matches(shop: Shop) -> None:
    wallet = await shop.wallet("100")
    charged = await shop.charge("e1", "calls", wallet_id=wallet)
    assert (await explain(shop, charged["transaction_id"]))["matches"] is True

    async with shop.world.owner() as connection:
        await connection.execute(
            text("update metering_meters set price = '0.11' where key = 'calls'")
        )
    told = await explain(shop, charged["transaction_id"], caller=OPERATOR, project_id=PROJECT)

    assert told["matches"] is False
    assert amounts(told) == [("wallet", "-0.10", "-0.11"), ("revenue", "0.10", "0.11")]
    assert told["differences"][0] == "0.10 USD was charged, and the price comes to 0.11 USD"
    assert sorted(each.split(" acc_")[0] for each in told["differences"][1:]) == [
        "revenue",
        "wallet",
    ]


@pytest.mark.parametrize(
    ("tampering", "told"),
    [
        ("update metering_charges set amount = 11", "0.11 USD was charged, and the price comes to"),
        ("delete from metering_charges", "no charge of this usage names this transaction"),
        ("delete from metering_event_ids", "no usage is recorded under this id"),
        ("update metering_event_ids set quantity = 2000000", "0.10 USD was charged, and the price"),
    ],
)
async def test_whatever_it_was_computed_from_is_looked_at_anew(
    shop: Shop, tampering: str, told: str
) -> None:
    wallet = await shop.wallet("100")
    charged = await shop.charge("e1", "calls", wallet_id=wallet)

    await tamper(shop.world, tampering)
    explained = await explain(shop, charged["transaction_id"])

    assert explained["matches"] is False
    assert explained["differences"][0].startswith(told)


async def test_usage_whose_month_was_taken_away_is_named_and_not_called_wrong(shop: Shop) -> None:
    wallet = await shop.wallet("100")
    charged = await shop.charge("e1", "calls", wallet_id=wallet)

    await tamper(shop.world, "delete from metering_events")
    told = await explain(shop, charged["transaction_id"])

    assert (told["matches"], amounts(told)) == (None, [("wallet", "-0.10", None)])
    assert [each["event_id"] for each in told["events"]] == ["e1"]
    assert told["differences"] == [
        "the month of this usage was taken away, and its price cannot be told any more"
    ]


async def tamper(world: World, statement: str) -> None:
    """Change a protected row, as nobody but the tables' owner can."""
    table = statement.split()[1 if statement.startswith("update") else 2]
    async with world.owner() as connection:
        if connection.dialect.name == "postgresql":
            for each in (table, *(await months_of(connection, table))):
                await connection.execute(text(f"alter table {each} disable trigger user"))
        else:
            named = text("select name from sqlite_master where type = 'trigger' and tbl_name = :t")
            for (name,) in (await connection.execute(named, {"t": table})).all():
                await connection.execute(text(f'drop trigger "{name}"'))
        await connection.execute(text(statement))


async def months_of(connection: AsyncConnection, table: str) -> list[str]:
    query = text("select inhrelid::regclass::text from pg_inherits where inhparent = :t ::regclass")
    return [name for (name,) in (await connection.execute(query, {"t": table})).all()]


async def test_what_was_captured_expired_moved_and_reversed_is_explained(shop: Shop) -> None:
    about: dict[str, Any] = {"caller": OPERATOR, "project_id": PROJECT}
    wallet, other = await shop.wallet("50"), await shop.wallet()
    soon = (START + timedelta(days=1)).isoformat()
    grant: dict[str, Any] = {
        "wallet_id": wallet,
        "amount": "2.50",
        "source": "promotion",
        "priority": 10,
    }
    given = await shop.ask(wallets.grant_credits, **about, **grant, expires_at=soon)
    moved = await shop.ask(
        wallets.transfer_credits, **about, from_wallet_id=wallet, to_wallet_id=other, amount="10"
    )
    held = await shop.ask(holds.hold_credits, wallet_id=wallet, amount="5", memo="A model")
    taken = await shop.ask(holds.capture_hold, hold_id=held["hold_id"], amount="1.25")
    back = await shop.ask(
        wallets.reverse_transaction, **about, transaction_id=taken["transaction_id"]
    )
    told = {
        name: await explain(shop, each["transaction_id"])
        for name, each in {
            "grant": given,
            "transfer": moved,
            "hold": taken,
            "reversal": back,
        }.items()
    }

    assert {name: (each["origin"], each["matches"]) for name, each in told.items()} == {
        name: (name, True) for name in told
    }
    assert told["grant"]["facts"] == {
        "grant_id": given["grant_id"],
        "source": "promotion",
        "priority": "10",
        "expires_at": soon,
        "amount": "2.50",
        "asset": "USD/2",
    }
    assert told["transfer"]["facts"]["to_wallet_id"] == other
    assert told["transfer"]["summary"] == "10.00 USD moved between wallets"
    assert (told["hold"]["origin_id"], told["hold"]["facts"]["held_for"]) == (
        held["hold_id"],
        "A model",
    )
    assert told["reversal"]["summary"] == "Taken back: 1.25 USD taken of a hold of 5.00 USD"
    assert told["reversal"]["facts"]["reverses"] == taken["transaction_id"]
    assert amounts(told["reversal"]) == [("wallet", "1.25", "1.25")]


async def test_what_expired_is_explained_by_its_grant(shop: Shop) -> None:
    wallet = await shop.wallet("5")
    soon = (START + timedelta(days=1)).isoformat()
    about: dict[str, Any] = {"caller": OPERATOR, "project_id": PROJECT, "wallet_id": wallet}
    given = await shop.ask(wallets.grant_credits, **about, amount="2", priority=10, expires_at=soon)
    await shop.charge("e1", "calls", wallet_id=wallet)
    shop.world.clock.advance(days=2)
    await shop.charge("e2", "calls", wallet_id=wallet)
    [expired] = [
        each
        for each in (await shop.ask(wallets.list_transactions, wallet_id=wallet))["items"]
        if each["kind"] == "breakage"
    ]

    told = await explain(shop, expired["id"])

    assert (told["origin"], told["origin_id"]) == ("breakage", given["grant_id"])
    assert told["summary"] == "1.90 USD left of a grant of 2.00 USD when it expired"
    assert (told["matches"], amounts(told)) == (True, [("wallet", "-1.90", "-1.90")])


async def test_a_reversed_charge_still_tells_the_event_and_the_price(shop: Shop) -> None:
    wallet = await shop.wallet("5")
    charged = await shop.charge("e1", "calls", wallet_id=wallet)
    about: dict[str, Any] = {"caller": OPERATOR, "project_id": PROJECT}
    back = await shop.ask(
        wallets.reverse_transaction, **about, transaction_id=charged["transaction_id"]
    )

    told = await explain(shop, back["transaction_id"])

    assert told["matches"] is True
    assert [each["event_id"] for each in told["events"]] == ["e1"]
    assert [each["amount"] for each in told["lines"]] == ["0.10"]


async def test_another_projects_transaction_is_not_found(shop: Shop) -> None:
    theirs = await shop.project(compose("prj", 2))
    wallet = await shop.wallet("5", project_id=theirs)
    about: dict[str, Any] = {"caller": OPERATOR, "project_id": theirs}
    charged = await shop.charge("e1", "calls", wallet_id=wallet, **about)
    here = agent(Role.OWNER)

    refused = await shop.perform(
        operations.explain_charge, caller=here, transaction_id=charged["transaction_id"]
    )
    nobodys = await shop.perform(
        operations.explain_charge, caller=here, transaction_id=compose("txn", 5)
    )

    assert refused.error
    assert nobodys.error
    assert (refused.error.code, nobodys.error.code) == (
        "transaction_not_found",
        "transaction_not_found",
    )


@dataclass
class MovedIn:
    world: World
    tenant: Tenant

    async def transactions(self) -> list[Any]:
        t = TRANSACTIONS.c
        async with self.world.database.read(OPERATOR) as work:
            query = select(t.id, t.kind, t.reference).where(t.project_id == self.tenant.project_id)
            return list(await work.execute(query.order_by(t.id)))

    async def explain(self, transaction_id: str) -> dict[str, Any]:
        here = {"project_id": self.tenant.project_id, "transaction_id": transaction_id}
        return await ask(self.world, "explain_charge", **here)


@pytest.fixture(params=["sqlite", "postgres"])
async def moved_in(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[MovedIn]:
    """A customer with a month behind them: bought, used, refunded, and disputed."""
    async with settled(request.param, tmp_path, "acme") as (world, (tenant,)):
        yield MovedIn(world, tenant)


async def test_every_amount_of_a_customers_history_is_explained_and_matches(
    moved_in: MovedIn,
) -> None:
    seen: dict[str, set[Any]] = {}
    for row in await moved_in.transactions():
        told = await moved_in.explain(row.id)
        seen.setdefault(told["origin"], set()).add(told["matches"])
        assert told["reference"] == row.reference
        assert told["summary"]
        assert told["differences"] == [], told

    assert seen.keys() >= {"usage", "grant", "payment", "refund"}
    assert {each for matches in seen.values() for each in matches} == {True}


async def test_every_kind_of_reference_is_explained_by_somebody(moved_in: MovedIn) -> None:
    causes = {row.reference.partition(":")[0] for row in await moved_in.transactions()}

    assert causes <= BY_CAUSE.keys()
    assert causes >= {"grant", "usage", "payment", "refund"}


async def test_a_purchase_is_led_back_to_its_payment_and_what_was_bought(moved_in: MovedIn) -> None:
    tenant = moved_in.tenant
    [bought] = [
        each
        for each in await moved_in.transactions()
        if each.reference == f"payment:{tenant.payment_id}"
    ]
    told = await moved_in.explain(bought.id)

    assert told["facts"] == {
        "payment_id": tenant.payment_id,
        "purpose": "pack",
        "source_id": tenant.checkout_id,
        "pack_id": told["facts"]["pack_id"],
        "quantity": "1",
        "credits": "1000.000000",
        "credits_asset": "CREDIT/6",
        "paid": "10.00",
        "asset": "USD/2",
    }
    assert told["summary"] == "1000.000000 CREDIT bought for 10.00 USD"
    assert sorted(amounts(told)) == [
        ("clearing", "10.00", "10.00"),
        ("exchange", "-1000.000000", "-1000.000000"),
        ("exchange", "10.00", "10.00"),
        ("wallet", "1000.000000", "1000.000000"),
    ]


async def test_a_refund_tells_what_was_due_taken_and_lost(moved_in: MovedIn) -> None:
    tenant = moved_in.tenant
    [given] = [
        each
        for each in await moved_in.transactions()
        if each.reference == f"refund:{tenant.refund_id}"
    ]
    told = await moved_in.explain(given.id)

    assert told["facts"] == {
        "payment_id": tenant.payment_id,
        "credits_due": "100.000000",
        "credits_taken": "100.000000",
        "credits_lost": "0.000000",
        "asset": "CREDIT/6",
        "refunded": "1.00",
        "paid": "10.00",
    }
    async with moved_in.world.owner() as connection:
        less = "update settling_refunds set credits_taken = 99000000 where credits_due = 100000000"
        await connection.execute(text(less))
    after = await moved_in.explain(given.id)
    assert (told["matches"], after["matches"]) == (True, False)


async def test_what_moves_no_wallet_is_told_to_staff_and_not_to_the_project(
    moved_in: MovedIn,
) -> None:
    ours = {each.reference: each.id for each in await moved_in.transactions()}
    fees = [name for name in ours if name.startswith("processor:")]
    assert fees, "the processor kept something"
    world, tenant = moved_in.world, moved_in.tenant
    call = {"project_id": tenant.project_id, "transaction_id": ours[fees[0]]}

    refused = await perform_as(world, tenant.caller(Role.OWNER), **call)
    told = await moved_in.explain(ours[fees[0]])

    assert refused.error
    assert refused.error.code == "transaction_not_found"
    assert told["origin"] == "processor"
    assert {each["account"] for each in told["movements"]} >= {"fees", "clearing"}


async def perform_as(world: World, caller: Caller, **arguments: Any) -> Outcome:
    call = Call(caller=caller, arguments=arguments, door="test")
    return await world.gate.perform(BY_NAME["explain_charge"], call)
