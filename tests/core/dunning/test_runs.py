"""What is done about a payment that failed, from the first day to the last; and what stops it."""

import pytest

from core.kernel.caller import Role
from tests.core.dunning.ladder import FAILED_AT, Ladder, day
from tests.world import World

pytestmark = pytest.mark.anyio


async def test_it_is_tried_and_warned_of_on_its_days_until_access_ends_and_comes_back_when_paid(
    world: World,
) -> None:
    ladder = await Ladder.open(world)
    assert ladder.one
    await ladder.keep_card()
    await ladder.fail()

    assert await ladder.state() == "past_due"
    assert await ladder.banner() == "notice"
    await ladder.walk()

    run = await ladder.run()
    attempts = [each for each in run["steps"] if each["kind"] == "attempt"]
    assert [each["result"] for each in attempts] == ["done"] * 4
    assert await ladder.tried() == 4
    assert [each.partition(" ")[0] for each in await ladder.subjects()] == [
        *("02-07", "02-11", "02-13", "02-14", "02-14")
    ]
    assert [each.partition(" ")[2] for each in await ladder.subjects()] == [
        "a payment of 12.00 USD did not go through",
        "12.00 USD is still to be paid",
        "12.00 USD is still to be paid",
        "last warning about 12.00 USD",
        "access is suspended",
    ]
    assert (await ladder.state(), run["state"]) == ("suspended", "suspended")
    assert await ladder.counter.holds(ladder.one) is None
    assert await ladder.banner() == "suspended"

    await ladder.pay()

    run = await ladder.run()
    assert (run["state"], run["outcome"]) == ("closed", "paid_elsewhere")
    assert await ladder.state() == "active"
    assert await ladder.counter.holds(ladder.one) == "small"
    assert await ladder.banner() == "none"
    assert len(await ladder.mails()) == 5
    assert await ladder.found() == []


async def test_what_was_declined_for_good_is_not_tried_with_that_method_but_with_a_new_one_at_once(
    world: World,
) -> None:
    ladder = await Ladder.open(world)
    await ladder.keep_card()
    await ladder.fail(permanent=True, reason="Your card was stolen.")
    assert (await ladder.status())["next_attempt_at"] is None

    await ladder.walk(day("2026-02-04T12:00"))

    assert await ladder.tried() == 0
    assert await ladder.subjects() == [
        "01-31 a payment of 12.00 USD did not go through",
        "02-04 12.00 USD is still to be paid",
    ]
    assert "does not accept this payment method any more" in ((await ladder.mails())[0].text or "")

    await ladder.choose_card()

    assert await ladder.tried() == 1
    await ladder.publish("payment_method.default_changed", "the same again")
    assert await ladder.tried() == 1
    await ladder.fail()
    status = await ladder.status()
    assert f"{status['next_attempt_at']:.10}" == "2026-02-06"
    await ladder.walk(day("2026-02-06T21:00"))
    assert await ladder.tried() == 2


async def test_a_bank_that_asks_for_the_customer_has_declined_nothing(world: World) -> None:
    ladder = await Ladder.open(world)
    invoice = await ladder.invoice()

    await ladder.publish(
        "collection.needs_action", "col_1", invoice_id=invoice.id, attempt_id="col_1"
    )

    assert await ladder.runs() == 0
    assert await ladder.state() == "active"


@pytest.mark.parametrize("heard", [True, False], ids=["heard of", "not heard of yet"])
async def test_nothing_leaves_after_it_is_paid_elsewhere(world: World, heard: bool) -> None:  # noqa: FBT001  # a parameter of the test
    ladder = await Ladder.open(world)
    await ladder.keep_card()
    await ladder.fail()
    run = await ladder.run()
    hear = ladder.hear
    if not heard:
        ladder.hear = _nothing  # type: ignore[method-assign]  # the relay is late
    await ladder.pay()

    for _ in range(9):
        await ladder.take(run["id"])
        ladder.world.clock.advance(days=2)
    ladder.hear = hear  # type: ignore[method-assign]
    await ladder.hear()

    assert await ladder.tried() == 0
    assert await ladder.mails() == []
    run = await ladder.run()
    assert run["outcome"] == "paid_elsewhere"
    assert {each["result"] for each in run["steps"]} == {"dropped"}


async def _nothing() -> None:
    pass


async def test_a_void_invoice_and_one_that_is_given_up_are_asked_for_no_more(world: World) -> None:
    ladder = await Ladder.open(world)
    await ladder.fail()
    invoice = await ladder.invoice()

    await ladder.ask("void_invoice", invoice_id=invoice.id)
    await ladder.hear()

    assert (await ladder.run())["outcome"] == "voided"
    await ladder.walk()
    assert await ladder.mails() == []


async def test_an_operator_stops_it_and_it_does_not_begin_again(world: World) -> None:
    ladder = await Ladder.open(world)
    await ladder.fail()
    run = await ladder.run()

    stopped = await ladder.ask("stop_dunning", run_id=run["id"], why="They pay by bank")
    await ladder.fail()
    await ladder.walk()

    assert (stopped["state"], stopped["outcome"]) == ("closed", "stopped")
    assert stopped["log"][-1]["told"] == {"outcome": "stopped", "why": "They pay by bank"}
    assert (await ladder.runs(), await ladder.mails()) == (1, [])
    again = await ladder.counter.house.perform(
        "stop_dunning", None, run_id=run["id"], why="Once more"
    )
    assert again.error is not None


async def test_after_a_downtime_nobody_is_asked_twice_nor_suspended_without_a_warning(
    world: World,
) -> None:
    ladder = await Ladder.open(world)
    await ladder.keep_card()
    await ladder.fail()

    ladder.world.clock.advance(days=20)
    await ladder.work()

    assert await ladder.subjects() == ["02-20 last warning about 12.00 USD"]
    assert await ladder.tried() == 1
    assert await ladder.state() == "past_due"
    assert "2026-02-21" in ((await ladder.mails())[0].text or "")
    await ladder.fail()
    ladder.world.clock.advance(hours=25)
    await ladder.work()
    assert await ladder.state() == "suspended"
    log = await ladder.log()
    # Which of the two was planned first follows from the run's id.
    assert sorted(log[3:5]) == ["notice_sent", "tried"]
    assert log[:3] + log[5:] == ["begun", "declined", "put_off", "declined", "suspended"]


@pytest.mark.parametrize(
    ("terms", "outcome", "state"),
    [
        ({"at_end": "nothing"}, "unpaid", "past_due"),
        ({"afterwards": "cancel", "afterwards_days": 5}, "canceled", "canceled"),
        ({"afterwards": "uncollectible"}, "uncollectible", "suspended"),
    ],
)
async def test_a_campaign_says_what_follows_if_nobody_pays(
    world: World, terms: dict[str, object], outcome: str, state: str
) -> None:
    ladder = await Ladder.open(world)
    await ladder.set_campaign(**terms)
    await ladder.fail()

    await ladder.walk()

    assert (await ladder.run())["outcome"] == outcome
    assert await ladder.state() == state
    assert await ladder.banner() == "none"


async def test_a_product_has_its_own_campaign_and_a_run_keeps_the_one_it_began_with(
    world: World,
) -> None:
    ladder = await Ladder.open(world)
    notices = [{"hours_before": 24, "tone": "final"}]
    short = {"campaign_key": "short", "product_key": "app", "lasts_days": 3}
    await ladder.set_campaign(**short, campaign_notices=notices, attempt_days=[1])
    await ladder.fail()
    await ladder.set_campaign(**short, campaign_notices=notices, attempt_days=[2])

    run = await ladder.run()

    assert run["campaign_key"] == "short"
    assert [each["kind"] for each in run["steps"]] == ["attempt", "notice", "end"]
    assert run["ends_at"].startswith("2026-02-03T09:00")
    assert run["steps"][0]["due_at"] < "2026-02-02T00:00"


async def test_who_may_keep_a_card_is_shown_the_link_and_nobody_else(world: World) -> None:
    ladder = await Ladder.open(world)
    await ladder.keep_card()
    await ladder.fail()

    viewer, admin = await ladder.status(), await ladder.status(Role.ADMIN)

    assert viewer["link_path"] is None
    assert admin["link_path"].startswith("/billing/card/")
    assert viewer["owed"] == [{"amount": "12.00", "currency": "USD/2"}]
    assert viewer["until"].startswith("2026-02-14T09:00")
    assert f"{viewer['next_attempt_at']:.7}" == "2026-02"
    assert [each["reason"] for each in viewer["invoices"]] == ["Your card was declined."]
    assert FAILED_AT.isoformat()[:16] == (await ladder.run())["failed_at"][:16]
