"""Usage is billed before and after its period as published; nobody here wrote the figures.

Each is lived by the worker. Fees are billed in advance here, and usage on an invoice of its own:
all invoices of a period together come to the published ones.
"""

import json
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core import subscriptions
from core.arrears import Thresholds, settings
from core.arrears.settings import Scope, Setting
from core.invoicing import LineKind
from core.kernel.money import Asset
from core.lifecycles import When
from core.subscriptions import Subscription
from tests.core.arrears.register import TOKENS, Register, each, priced
from tests.core.subscriptions.counter import day, fee
from tests.world import OPERATOR, World

pytestmark = pytest.mark.anyio

Case = dict[str, Any]
CASES: list[Case] = json.loads(
    Path(__file__).with_name("cases").joinpath("published.json").read_text("utf-8")
)
Check = Callable[[World, Case, Case], Awaitable[None]]
USD = Asset.parse("USD/2")


async def check_late_usage(world: World, given: Case, expected: Case) -> None:
    register = await Register.open(world)
    tiers = [{"size": str(given["block_size"]), "price": given["price_per_block"]}]
    await register.subscribed(priced(TOKENS, model="blocks", tiers=tiers))
    first, *more = given["usage_now_known"]
    # Of the first some was known in time: as much as the one block that was invoiced.
    await register.use("2026-01-05", given["block_size"], meter="tokens")
    await register.run("2026-02-01")
    await register.run("2026-02-01T02:00")
    rest = str(Decimal(first) - given["block_size"])
    for quantity in (rest, *more):
        await register.use("2026-01-06", quantity, meter="tokens")
    await register.run("2026-03-01")
    await register.run("2026-03-01T02:00")

    invoiced, late = await register.invoices()
    assert Decimal(invoiced.lines[0].amount.decimal) == Decimal(given["already_invoiced"])
    [delta] = [n for n in late.lines if n.kind is LineKind.ADJUSTMENT]
    assert Decimal(delta.amount.decimal) == Decimal(expected["delta_invoice"])


async def check_progressive(world: World, given: Case, expected: Case) -> None:
    register = await Register.open(world, at="2022-12-01")
    threshold = Thresholds(asset=USD, amounts=(given["threshold_cents"],))
    async with world.database.begin(OPERATOR) as work:
        await settings.say(work, Setting(scope=Scope.PLAN, key="pro", thresholds=(threshold,)))
    unit = f"{Decimal(given['unit_price_cents']).scaleb(-2):f}"
    base = f"{Decimal(given['base_cents']).scaleb(-2):f}"
    one = await register.subscribed(fee(base), each(unit, TOKENS))
    fees = (await register.counter.bills(one))[0].total.amount
    for on, quantity in given["events"]:
        await register.use(on, quantity, meter="tokens")
        await register.run(f"{on}T06:00")
    fees += await _upgraded(register, one, given)
    await register.run("2023-01-01")
    await register.run("2023-01-01T02:00")

    *mid, last = await register.invoices()
    assert [n.figures.total for n in mid] == expected["mid_invoices"]
    used = sum(n.amount.amount for n in last.lines if n.kind is LineKind.USAGE)
    taken = sum(n.amount.amount for n in last.lines if n.kind is LineKind.PROGRESSIVE)
    final = expected["final"]
    assert fees + used == final["fees"]
    assert -taken == final["progressive_credit"]
    assert fees + last.figures.total == final["total"]
    assert await register.found() == []


async def _upgraded(register: Register, one: Subscription, given: Case) -> int:
    """Upgrade where the case does, and return what that gives back of the fee."""
    if "upgraded_on" not in given:
        return 0
    await register.counter.plan("large", items=[fee("62")])
    register.world.clock.instant = day(given["upgraded_on"])
    await register.counter.change(one, "large", when=When.NOW)
    assert (await register.counter.now(one)).state is subscriptions.State.ACTIVE
    lines = (await register.counter.bills(one))[-1].lines
    return int(sum(Decimal(n["amount"]) * 100 for n in lines if n["kind"] == "credit"))


CHECKS: dict[str, Check] = {
    "late_usage_delta": check_late_usage,
    "progressive_billing_cents": check_progressive,
}


@pytest.mark.parametrize("case", CASES, ids=[each["id"] for each in CASES])
async def test_a_published_case_comes_out_as_published(world: World, case: Case) -> None:
    await CHECKS[case["kind"]](world, case["input"], case["expected"])
