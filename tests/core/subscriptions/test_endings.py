"""How subscriptions end, rest and come back; and what a payment, or its failure, does to one."""

from typing import Any

import pytest

from core import subscriptions
from core.kernel.caller import Role
from core.kernel.errors import EngineError
from tests.core.subscriptions.counter import Counter, credits, day
from tests.world import World, agent

pytestmark = pytest.mark.anyio


async def refusal(doing: Any) -> str:
    with pytest.raises(EngineError) as refused:
        await doing
    return refused.value.code


async def test_what_does_not_fit_its_state_is_refused_and_changes_nothing(world: World) -> None:
    counter = await Counter.open(world)
    await counter.plan("small")
    one = await counter.subscribe("small")

    assert await refusal(counter.do(subscriptions.resume, one)) == "subscription_not_in_state"
    assert await refusal(counter.do(subscriptions.reactivate, one)) == "subscription_not_in_state"
    assert await refusal(counter.do(subscriptions.suspend, one)) == "subscription_not_in_state"
    assert await counter.now(one) == one
    one = await counter.cancel(one)
    assert await refusal(counter.cancel(one)) == "cancellation_scheduled"
    assert await refusal(counter.do(subscriptions.pause, one)) == "cancellation_scheduled"
    one = await counter.cancel(one, at_once=True)
    assert await refusal(counter.cancel(one)) == "subscription_not_in_state"
    assert await refusal(counter.cancel(one, at_once=True)) == "subscription_not_in_state"
    assert await refusal(counter.change(one, "small", quantities={"fee": 2})) == (
        "subscription_not_in_state"
    )
    assert await counter.now(one) == one
    assert [verb for _, verb, _, _ in await counter.history(one)] == [
        *("create", "schedule", "cancel"),
    ]


async def test_an_end_that_was_set_is_taken_back(world: World) -> None:
    counter = await Counter.open(world, at=day("2026-01-01"))
    await counter.plan("small")
    one = await counter.subscribe("small")
    one = await counter.cancel(one)
    one = await counter.do(subscriptions.reactivate, one)

    await counter.run(until=day("2026-02-02"))

    assert (await counter.now(one)).state == "active"
    assert [start for _, start, _ in await counter.told(one)] == ["2026-01-01", "2026-02-01"]


async def test_who_comes_back_within_a_paid_period_pays_no_more_and_later_begins_anew(
    world: World,
) -> None:
    counter = await Counter.open(world, at=day("2026-01-01"))
    await counter.plan("small")
    one = await counter.subscribe("small")
    world.clock.instant = day("2026-01-05")
    one = await counter.cancel(one, at_once=True)
    assert (one.state, await counter.holds(one)) == ("canceled", None)
    world.clock.instant = day("2026-01-09")
    one = await counter.do(subscriptions.reactivate, one)
    assert (one.state, await counter.holds(one)) == ("active", "small")
    assert one.period_end_at == day("2026-02-01")
    one = await counter.cancel(one)
    await counter.run(until=day("2026-02-10"))

    one = await counter.do(subscriptions.reactivate, one)

    assert (one.period_start_at, one.period_end_at) == (day("2026-02-10"), day("2026-03-10"))
    assert [start for _, start, _ in await counter.told(one)] == ["2026-01-01", "2026-02-10"]


async def test_nobody_comes_back_where_another_one_has_taken_the_place(world: World) -> None:
    counter = await Counter.open(world)
    await counter.plan("small")
    one = await counter.subscribe("small")
    one = await counter.cancel(one, at_once=True)
    world.clock.advance(days=1)
    await counter.subscribe("small")

    assert await refusal(counter.do(subscriptions.reactivate, one)) == "already_subscribed"


async def test_a_payment_that_fails_is_past_due_then_suspended_and_goes_on_once_it_is_paid(
    world: World,
) -> None:
    counter = await Counter.open(world, at=day("2026-01-01"))
    await counter.plan("small", "10", included=credits("5", rollover="0"))
    one = await counter.subscribe("small")
    [bill] = await counter.bills(one)

    failed: Any = subscriptions.failed
    async with world.database.begin(agent()) as work:
        here = work.within(one.project_id)
        assert (await failed(here, bill.id)).state == "past_due"
        assert (await failed(here, bill.id)).state == "past_due"
    assert await counter.holds(one) == "small"
    await counter.do(subscriptions.suspend, one)
    assert await counter.holds(one) is None
    world.clock.instant = day("2026-02-10")
    await counter.run()
    assert len(await counter.told(one)) == 1

    one = await counter.pay(one)

    # The old period is over: a new one begins with the payment, and is billed.
    assert (one.state, one.period_start_at) == ("active", day("2026-02-10"))
    assert [start for _, start, _ in await counter.told(one)] == ["2026-01-01", "2026-02-10"]
    assert (await counter.holds(one), await counter.credits()) == ("small", "5.000000")
    assert [verb for _, verb, _, _ in await counter.history(one)] == [
        *("create", "fail", "suspend", "recover"),
    ]


async def test_what_is_not_paid_is_not_given_back(world: World) -> None:
    counter = await Counter.open(world)
    await counter.plan("small")
    one = await counter.subscribe("small")
    [bill] = await counter.bills(one)
    async with world.database.begin(agent()) as work:
        await subscriptions.failed(work.within(one.project_id), bill.id)

    assert await refusal(counter.cancel(one, at_once=True, credit=True)) == "payment_outstanding"
    assert (await counter.cancel(one, at_once=True)).state == "canceled"


async def test_whoever_buys_takes_the_terms_as_they_are_and_waits_for_the_payment(
    world: World,
) -> None:
    counter = await Counter.open(world)
    await counter.plan("small")
    owner = agent(Role.OWNER)
    for field, value in (("trial_days", 30), ("begins", "now"), ("version", 1)):
        told = await counter.house.perform(
            "create_subscription", owner, plan_key="small", currency="USD/2", **{field: value}
        )
        assert told.error
        assert (told.error.code, told.error.facts) == ("terms_of_operators", {"field": field})

    shown = await counter.house.ask("preview_subscription", owner, plan_key="small")
    made = await counter.house.ask("create_subscription", owner, plan_key="small")
    one = await counter.house.ask("get_subscription", owner, subscription_id=made["id"])

    assert made["state"] == shown["state"] == "draft"
    assert shown["bill"]["lines"] == one["bills"][0]["lines"]
    assert one["history"][0]["done_by"] is None
    again = await counter.house.ask("create_subscription", owner, plan_key="small")
    page = await counter.house.ask("list_subscriptions", owner)
    assert {each["id"]: each["state"] for each in page["items"]} == {
        made["id"]: "expired",
        again["id"]: "draft",
    }


async def test_what_a_change_would_cost_is_what_it_costs(world: World) -> None:
    counter = await Counter.open(world, at=day("2026-01-01"))
    await counter.plan("small", "31")
    await counter.plan("large", "62")
    one = await counter.subscribe("small")
    world.clock.instant = day("2026-01-11")

    sent = {"subscription_id": one.id, "plan_key": "large"}
    shown = await counter.house.staff("preview_plan_change", **sent)
    assert len(await counter.told(one)) == 1
    await counter.house.staff("change_plan", **sent, revision=1)

    details = await counter.house.staff("get_subscription", subscription_id=one.id)
    billed = details["bills"][0]
    assert shown["takes_effect"] == "now"
    assert {name: billed[name] for name in shown["bill"]} == shown["bill"]
    assert shown["bill"]["total"] == "21.00"


async def test_who_never_paid_has_nothing_by_coming_back(world: World) -> None:
    counter = await Counter.open(world)
    await counter.plan("small")
    owner = agent(Role.OWNER)
    made = await counter.house.ask("create_subscription", owner, plan_key="small")
    sent = {"subscription_id": made["id"]}
    await counter.house.ask("cancel_subscription", owner, **sent, effective="now")
    world.clock.advance(hours=1)

    back = await counter.house.ask("reactivate_subscription", owner, **sent)
    one = await counter.house.ask("get_subscription", owner, **sent)

    assert (made["state"], back["state"]) == ("draft", "draft")
    assert [each["verb"] for each in one["history"]] == ["reopen", "cancel", "create"]
    held = await counter.house.staff("list_plan_assignments")
    assert held["items"] == []
    newest, oldest = [each["id"] for each in one["bills"]]
    async with world.database.begin(owner) as work:
        here = work.within(back["project_id"])
        # What was billed for another period is not what it waits for.
        assert (await subscriptions.paid(here, oldest)).state == "draft"
        assert (await subscriptions.paid(here, newest)).state == "active"
