"""The export of usage: off until it is started, each event once, whatever dies or comes late."""

from datetime import timedelta
from typing import Any

import pytest

from core import exporting, jobs
from core.exporting import sending
from core.kernel.caller import SYSTEM
from core.payments import ProviderFailed, ProviderRefused, ProviderUnavailable, UsageDraft
from tests.core.exporting.counter import Counter, open_counter
from tests.core.wallets.bank import open_project
from tests.world import OPERATOR, World

pytestmark = pytest.mark.anyio


class Killed(BaseException):
    """A process that ends without a word."""


async def test_off_it_asks_nobody_and_keeps_nothing(world: World) -> None:
    counter = await open_counter(world)
    await counter.use("a")
    asked = len(counter.gateway.asked)

    await counter.tick()

    assert len(counter.gateway.asked) == asked
    assert counter.gateway.told_usage == []
    assert await counter.states() == {}
    assert (await counter.must("list_usage_exports", OPERATOR))["items"] == []


async def test_what_is_recorded_while_it_is_on_is_exported_once(world: World) -> None:
    counter = await open_counter(world)
    await counter.use("before")
    world.clock.advance(seconds=1)
    await counter.start()
    await counter.use("a", "b")

    for _ in range(4):
        await counter.tick()

    assert await counter.states() == {"a": "sent", "b": "sent"}
    assert counter.sent("alone") == 2
    [first, _] = counter.counted
    assert (first.event_name, first.quantity) == ("llm_tokens", "7")
    assert first.id == await counter.identifier("a")
    assert first.customer_id.startswith("cus_")


async def test_many_go_in_a_stream_page_by_page(world: World) -> None:
    counter = await open_counter(world)
    await counter.start()
    await counter.use(*(f"e{n}" for n in range(230)))

    await counter.tick()
    await counter.tick()

    assert counter.sent("stream") == 230
    assert len(counter.counted) == 230
    assert set((await counter.states()).values()) == {"sent"}


@pytest.mark.parametrize("many", [2, 30])
async def test_who_dies_between_the_call_and_its_record_counts_nothing_twice(
    world: World, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    counter = await open_counter(world)
    await counter.start()
    await counter.use(*(f"e{n}" for n in range(many)))

    async def die(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(sending, "close", die)
        with pytest.raises(Killed):
            await counter.tick()
    assert len(counter.counted) == many, "the provider was told"
    assert set((await counter.states()).values()) == {"waiting"}

    await counter.tick(seconds=130)

    assert set((await counter.states()).values()) == {"sent"}
    told = [each for _, each in counter.gateway.told_usage]
    assert len(told) == 2 * many
    assert len(counter.counted) == many
    assert len({each.id for each in told}) == many
    assert len({*map(_said, told)}) == many, "the second time it says what it said the first"


def _said(usage: UsageDraft) -> tuple[Any, ...]:
    return usage.id, usage.event_name, usage.customer_id, usage.quantity, usage.occurred_at


async def test_an_answer_that_was_lost_is_asked_for_again_under_the_same_names(
    world: World,
) -> None:
    counter = await open_counter(world)
    await counter.start()
    await counter.use("a", "b")
    counter.gateway.lost_answers = 1

    await counter.tick()
    assert await counter.states() == {"a": "waiting", "b": "waiting"}
    await counter.tick()

    assert await counter.states() == {"a": "sent", "b": "sent"}
    assert len(counter.counted) == 2


async def test_a_provider_that_was_away_for_hours_is_told_all_of_it_afterwards(
    world: World,
) -> None:
    counter = await open_counter(world)
    await counter.start()
    counter.gateway.away = True
    for n in range(6):
        await counter.use(f"e{n}")
        await counter.tick(hours=1)
    assert set((await counter.states()).values()) == {"waiting"}
    counter.gateway.away = False

    await counter.tick()

    assert set((await counter.states()).values()) == {"sent"}
    assert len(counter.counted) == 6


async def test_what_failed_under_its_own_key_goes_another_way_under_its_own_name(
    world: World,
) -> None:
    counter = await open_counter(world)
    await counter.start()
    await counter.use("a")
    counter.gateway.failures = [ProviderFailed()]

    await counter.tick()
    await counter.tick()

    assert await counter.states() == {"a": "sent"}
    assert (counter.sent("alone"), counter.sent("stream")) == (0, 1)


async def test_what_may_have_been_counted_a_day_ago_is_left_to_a_person(world: World) -> None:
    counter = await open_counter(world)
    await counter.start()
    await counter.use("a")
    counter.gateway.lost_answers = 1
    await counter.tick()

    await counter.tick(hours=24)

    assert await counter.errors() == {"a": "outcome_unknown"}
    assert len(counter.gateway.told_usage) == 1


async def test_what_was_committed_late_is_exported_all_the_same(world: World) -> None:
    counter = await open_counter(world)
    await counter.start()
    await counter.tick(seconds=600)
    await counter.use("on-time")
    await counter.tick()

    async with counter.earlier(seconds=90):
        await counter.use("late")
    await counter.tick(seconds=20)
    await counter.tick()
    assert await counter.states() == {"on-time": "sent", "late": "sent"}


async def test_what_a_wrong_clock_put_half_an_hour_back_is_found_by_a_sweep(world: World) -> None:
    counter = await open_counter(world)
    await counter.start()
    await counter.tick(minutes=50)
    async with counter.earlier(minutes=30):
        await counter.use("late")
    await counter.tick()
    assert await counter.states() == {}

    await counter.tick(minutes=20)

    assert await counter.states() == {"late": "sent"}
    assert len(counter.counted) == 1


async def test_usage_is_exported_of_customers_only_and_from_when_they_are_ones(
    world: World,
) -> None:
    counter = await open_counter(world)
    other = await open_project(world, "Heron")
    await counter.start()
    await counter.use("ours")
    await counter.use("theirs", project=other)
    await counter.tick()
    assert await counter.states() == {"ours": "sent"}

    await counter.become_customer(other)
    world.clock.advance(seconds=1)
    await counter.use("later", project=other)
    await counter.tick()

    assert await counter.states() == {"ours": "sent", "later": "sent"}
    assert len({each.customer_id for each in counter.counted}) == 2


async def test_two_customers_events_of_one_id_are_two_events(world: World) -> None:
    counter = await open_counter(world)
    other = await open_project(world, "Heron")
    await counter.become_customer(other)
    await counter.start()
    await counter.use("same")
    await counter.use("same", project=other)

    await counter.tick()

    assert len({each.id for each in counter.counted}) == 2


async def test_what_the_provider_refuses_for_one_customer_is_no_reason_to_leave_the_others(
    world: World,
) -> None:
    counter = await open_counter(world)
    other = await open_project(world, "Heron")
    await counter.become_customer(other)
    await counter.start()
    await counter.use("ours")
    await counter.use("theirs", project=other)
    counter.gateway.failures = [ProviderRefused("It has too many digits.", "too_many_digits")]

    await counter.tick()

    assert sorted((await counter.states()).values()) == ["rejected", "sent"]
    [code] = (await counter.errors()).values()
    assert code == "too_many_digits"


async def test_a_stream_that_is_refused_is_sent_one_by_one(world: World) -> None:
    counter = await open_counter(world)
    await counter.start()
    await counter.use(*(f"e{n}" for n in range(8)))
    counter.gateway.failures = [ProviderRefused("One is wrong."), ProviderRefused("This one.")]

    await counter.tick()

    assert sorted((await counter.states()).values()) == ["rejected", *["sent"] * 7]
    assert counter.sent("alone") == 7


async def test_what_is_older_than_35_days_is_not_sent_and_told(world: World) -> None:
    counter = await open_counter(world)
    await counter.start()
    old = world.clock.now() - timedelta(days=35) + timedelta(seconds=30)
    await counter.use("old", occurred_at=old.isoformat())
    await counter.use("young", occurred_at=(old + timedelta(hours=1)).isoformat())

    await counter.tick()

    assert await counter.errors() == {"old": "timestamp_too_far_in_past"}
    assert [each.occurred_at for each in counter.counted] == [old + timedelta(hours=1)]


async def test_stopped_it_sends_nothing_and_started_again_it_begins_anew(world: World) -> None:
    counter = await open_counter(world)
    await counter.start()
    await counter.use("a")
    await counter.tick()
    assert (await counter.stop())["state"] == "off"
    assert (await counter.stop())["version"] == 2
    await counter.use("between")
    await counter.tick()
    await counter.start()
    await counter.use("b")
    await counter.tick()

    assert await counter.states() == {"a": "sent", "b": "sent"}


async def test_who_is_told_that_it_stopped_sees_nothing_sent_after_that(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = await open_counter(world)
    await counter.start()
    await counter.use(*(f"e{n}" for n in range(150)))
    streamed = counter.gateway.stream_usage

    async def stop_then(usage: list[UsageDraft]) -> None:
        await streamed(usage)
        await counter.stop()

    monkeypatch.setattr(counter.gateway, "stream_usage", stop_then)
    await counter.tick()

    assert len(counter.counted) == 100
    assert set((await counter.states()).values()) == {"sent"}


async def test_a_worker_that_lost_its_job_writes_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = await open_counter(world)
    await counter.start()
    await counter.use("a")
    alone, once = counter.gateway.send_usage, [True]

    async def overtaken(usage: UsageDraft) -> None:
        await alone(usage)
        if once.pop() if once else False:
            world.clock.advance(seconds=120)
            await jobs.run_due(counter.runtime)

    monkeypatch.setattr(counter.gateway, "send_usage", overtaken)
    await counter.tick()

    assert await counter.states() == {"a": "sent"}
    assert len(counter.counted) == 1


async def test_an_export_changes_no_balance(world: World) -> None:
    counter = await open_counter(world)
    await counter.must(
        "grant_credits",
        OPERATOR,
        project_id=counter.project,
        wallet_id=counter.wallet,
        amount="100",
    )
    await counter.start()
    await counter.must(
        "charge_usage",
        wallet_id=counter.wallet,
        event_id="charged",
        meter_key="tokens",
        properties={"tokens": 100},
    )
    before = await counter.accounts()

    await counter.tick()

    assert await counter.states() == {"charged": "sent"}
    assert await counter.accounts() == before
    await counter.must_agree()


async def test_what_was_sent_long_ago_is_forgotten_and_what_was_rejected_is_not(
    world: World,
) -> None:
    counter = await open_counter(world)
    await counter.start()
    await counter.use("a")
    await counter.tick()
    counter.gateway.failures = [ProviderRefused("No.", "no")]
    await counter.use("b")
    await counter.tick()
    await _forget(counter)
    assert await counter.states() == {"a": "sent", "b": "rejected"}

    world.clock.advance(days=36)
    await _forget(counter)

    assert await counter.states() == {"b": "rejected"}


async def _forget(counter: Counter) -> None:
    async with counter.world.database.begin(SYSTEM) as work:
        await exporting.forget_old(work)


async def test_a_provider_that_is_away_for_one_is_asked_for_nobody_else(world: World) -> None:
    counter = await open_counter(world)
    for name in ("Heron", "Ibis"):
        project = await open_project(world, name)
        await counter.become_customer(project)
        if name == "Heron":
            await counter.start()
        await counter.use(f"of {name}", project=project)
    counter.gateway.failures = [ProviderUnavailable()]

    await counter.tick()
    assert [*(await counter.states()).values()] == ["waiting"]
    await counter.tick()

    assert [*(await counter.states()).values()] == ["sent", "sent"]
