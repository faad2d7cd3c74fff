"""Usage that comes after its invoice is on the next one, once; or on one of its own, in the end."""

import pytest

from core import subscriptions
from core.invoicing import LineKind
from tests.core.arrears.register import TOKENS, Register, each, priced
from tests.core.subscriptions.counter import fee
from tests.world import World

pytestmark = pytest.mark.anyio
ONE = each("1", TOKENS)


async def billed(world: World, *items: dict[str, object]) -> Register:
    """Bill ten tokens of January, of a plan that goes on."""
    register = await Register.open(world)
    await register.subscribed(*(items or (ONE,)))
    await register.use("2026-01-05", 10, meter="tokens")
    await register.run("2026-02-01")
    await register.run("2026-02-01T02:00")
    return register


async def test_late_usage_is_one_line_of_the_next_invoice_and_of_no_other(world: World) -> None:
    register = await billed(world)
    await register.use("2026-01-20", 4, meter="tokens")
    await register.use("2026-01-21", 2, meter="tokens")
    await register.use("2026-02-02", 3, meter="tokens")
    for month in ("03", "04"):
        await register.run(f"2026-{month}-01")
        await register.run(f"2026-{month}-01T02:00")

    assert await register.told() == [
        ("open", ["Tokens = 10.00"]),
        ("open", ["Tokens = 3.00", "Tokens, adjusted: 10 then, 16 now = 6.00"]),
        ("paid", ["Tokens = 0.00"]),
    ]
    line = (await register.invoices())[1].lines[1]
    told = line.explanation
    assert line.kind is LineKind.ADJUSTMENT
    assert (told["quantity_before"], told["quantity"]) == ("10", "16")
    assert (told["before"], told["amount"]) == ("10.00", "16.00")
    assert await register.found() == []


async def test_what_is_taken_back_is_a_credit_line_and_what_is_more_is_on_later_ones(
    world: World,
) -> None:
    register = await billed(world)
    await register.use("2026-01-20", "-8", meter="tokens")
    await register.use("2026-02-02", 3, meter="tokens")
    for month in ("03", "04", "05"):
        await register.run(f"2026-{month}-01")
        await register.run(f"2026-{month}-01T02:00")
        if month == "03":
            await register.use("2026-03-02", 20, meter="tokens")

    assert await register.told() == [
        ("open", ["Tokens = 10.00"]),
        ("paid", ["Tokens = 3.00", "Tokens, adjusted: 10 then, 2 now = -3.00"]),
        ("open", ["Tokens = 20.00", "Tokens, adjusted: 2 then, 2 now = -5.00"]),
        ("paid", ["Tokens = 0.00"]),
    ]
    assert await register.found() == []


@pytest.mark.parametrize(
    ("late", "invoices", "credited"),
    [("5", ["10.00", "5.00"], 0), ("-4", ["10.00"], 400), ("0", ["10.00"], 0)],
)
async def test_what_is_late_of_a_subscription_that_ended_has_its_own_invoice_or_note(
    world: World, late: str, invoices: list[str], credited: int
) -> None:
    register = await Register.open(world)
    one = await register.subscribed(fee("1"), ONE)
    await register.use("2026-01-05", 10, meter="tokens")
    await register.counter.cancel(one)
    await register.run("2026-02-01")
    await register.run("2026-02-01T02:00")
    assert (await register.counter.now(one)).state is subscriptions.State.CANCELED
    if late != "0":
        await register.use("2026-01-06", late, meter="tokens")
    await register.run("2026-02-20")
    assert len(await register.invoices()) == 1
    await register.run("2026-03-08T02:00")
    await register.run("2026-03-09")

    found = await register.invoices()
    assert [one.lines[-1].amount.decimal for one in found] == invoices
    assert found[0].figures.credited == credited
    assert await register.found() == []


async def test_tiers_of_a_late_event_are_those_of_its_own_period(world: World) -> None:
    tiers = [{"up_to": "12", "unit": "1"}, {"unit": "0.50"}]
    register = await billed(world, priced(TOKENS, model="graduated", tiers=tiers))
    await register.use("2026-01-20", 4, meter="tokens")
    await register.run("2026-03-01")
    await register.run("2026-03-01T02:00")

    assert await register.told() == [
        ("open", ["Tokens = 10.00"]),
        ("open", ["Tokens = 0.00", "Tokens, adjusted: 10 then, 14 now = 3.00"]),
    ]
    assert await register.found() == []
