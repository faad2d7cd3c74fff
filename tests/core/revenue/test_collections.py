"""How invoices came to be paid: at the first try, by a later one, or not."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from core.collecting.tables import attempts
from core.kernel.caller import SYSTEM
from core.kernel.ids import compose
from core.payments.tables import payments
from tests.core.revenue.desk import USD, ask
from tests.core.subscriptions.counter import day
from tests.world import PROJECT, World

pytestmark = pytest.mark.anyio

OPEN = {"paying", "processing", "needs_action"}


def attempt(
    number: int, turn: int, state: str, at: datetime, *, currency: str = USD
) -> dict[str, Any]:
    return {
        "project_id": PROJECT,
        "id": compose("col", 100 * number + turn),
        "invoice_id": compose("invc", number),
        "turn": turn,
        "state": state,
        "amount": 1000,
        "currency": currency,
        "checkout_id": compose("chk", number) if state == "needs_action" else None,
        "created_by": "system",
        "began_at": at,
        "closed_at": None if state in OPEN else at + timedelta(minutes=1),
    }


async def test_what_became_of_invoices_is_told_by_when_they_were_first_asked_for(
    world: World,
) -> None:
    march, april = day("2026-03-30"), day("2026-04-02")
    tried = {
        1: [("succeeded", march)],
        2: [("succeeded", march)],
        # The first failed in March; what came of that in April is told of March.
        3: [("failed", march), ("succeeded", april)],
        4: [("failed", march), ("failed", april), ("failed", april)],
        5: [("failed", march), ("needs_action", april)],
        # A person is asked to pay, which is no failure.
        6: [("needs_action", march)],
        # It was left, for it was paid another way; and asked for anew.
        7: [("canceled", march), ("succeeded", april)],
        8: [("canceled", march)],
    }
    rows = [
        attempt(number, turn, state, at)
        for number, each in tried.items()
        for turn, (state, at) in enumerate(each, start=1)
    ]
    rows.append(attempt(9, 1, "failed", march, currency="EUR/2"))
    async with world.database.begin(SYSTEM) as work:
        await work.execute(insert(attempts), rows)

    told = await ask(world, "get_conversion_report", start_on="2026-03-01", end_on="2026-04-30")

    names = (
        *("invoices_asked", "invoices_paid_at_first", "invoices_recovered", "invoices_failed"),
        *("invoices_going_on", "collection_attempts", "first_try_percent", "recovered_percent"),
    )
    assert [[each[name] for name in names] for each in told["spans"]] == [
        # Two of five first tries that are over, and one of the three that failed came back.
        [6, 2, 1, 1, 2, 10, "40.0", "33.3"],
        [1, 1, 0, 0, 0, 1, "100.0", None],
    ]


async def test_payments_count_once_somebody_tried_to_pay(world: World) -> None:
    def payment(number: int, status: str, at: str, asset: str = USD) -> dict[str, Any]:
        paid = status == "succeeded"
        return {
            "project_id": PROJECT,
            "id": compose("pay", number),
            "purpose": "pack",
            "source_id": f"chk_{number}",
            "quantity": 1,
            "wallet_id": compose("wal", 1),
            "credits": 100,
            "bonus": 0,
            "credits_asset": "CREDIT/6",
            "asset": asset,
            "amount": 1000,
            "received": 1000 if paid else 0,
            "refunded": 0,
            "disputed": 0,
            "status": status,
            "created_by": "system",
            "created_at": day(at),
            "succeeded_at": day(at) if paid else None,
            "transaction_id": compose("txn", number) if paid else None,
        }

    rows = [
        payment(1, "succeeded", "2026-03-01"),
        payment(2, "succeeded", "2026-03-31 23:59"),
        payment(3, "failed", "2026-03-15"),
        payment(4, "expected", "2026-03-15"),
        payment(5, "canceled", "2026-03-15"),
        payment(6, "succeeded", "2026-04-01"),
        payment(7, "failed", "2026-03-15", "EUR/2"),
        payment(8, "failed", "2026-05-01"),
    ]
    async with world.database.begin(SYSTEM) as work:
        await work.execute(insert(payments), rows)

    told = await ask(world, "get_conversion_report", start_on="2026-03-01", end_on="2026-04-30")

    names = ("payments_tried", "payments_succeeded", "payment_success_percent")
    assert [[each[name] for name in names] for each in told["spans"]] == [
        [3, 2, "66.7"],
        [1, 1, "100.0"],
    ]
