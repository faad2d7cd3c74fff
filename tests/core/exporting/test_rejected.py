"""What the provider did not count: told by thin events, marked once, and shown."""

from typing import Any

import pytest

from core.kernel.caller import Role
from core.payments import UsageDraft
from tests.core.exporting.counter import NO_METER, Counter, open_counter
from tests.core.wallets.bank import open_project, told
from tests.world import AUDITOR, OPERATOR, World, agent

pytestmark = pytest.mark.anyio


async def open_exported(world: World, *event_ids: str) -> Counter:
    """Have these uses exported."""
    counter = await open_counter(world)
    await counter.start()
    await counter.use(*event_ids)
    await counter.tick()
    return counter


async def test_what_a_report_names_is_marked_with_its_reason_and_the_rest_is_not(
    world: World,
) -> None:
    counter = await open_exported(world, "right", "wrong")

    await counter.report(await counter.identifier("wrong"), count=7)

    page = await counter.must("list_usage_export_errors", AUDITOR)
    [error] = page["items"]
    assert (error["event_id"], error["code"]) == ("wrong", "meter_event_invalid_value")
    assert (error["reason"], error["quantity"]) == ("It is no number.", "7")
    assert error["about_project_id"] == counter.project
    export = await counter.export()
    assert (export["reported_errors"], export["report"]) == (7, "There are 7 invalid events.")
    assert export["state"] == "on"
    [(_, facts)] = await told(world, "usage_export.rejected")
    assert (facts["error_count"], facts["codes"]) == (7, ["meter_event_invalid_value"])


async def test_a_report_that_is_delivered_twice_is_counted_once(world: World) -> None:
    counter = await open_exported(world, "wrong")
    await counter.report(await counter.identifier("wrong"))

    await counter.deliver(counter.provider.events[-1])

    assert (await counter.export())["reported_errors"] == 1
    assert len(await told(world, "usage_export.rejected")) == 1


async def test_what_was_rejected_is_never_sent_again(world: World) -> None:
    counter = await open_exported(world, "wrong")
    await counter.report(await counter.identifier("wrong"))

    await counter.tick()
    await counter.tick(hours=2)

    assert await counter.states() == {"wrong": "rejected"}
    assert len(counter.gateway.told_usage) == 1


async def test_a_report_that_comes_before_the_answer_stands(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = await open_counter(world)
    await counter.start()
    await counter.use("wrong")
    send = counter.gateway.send_usage

    async def report_first(usage: UsageDraft) -> None:
        await send(usage)
        await counter.report(usage.id)

    monkeypatch.setattr(counter.gateway, "send_usage", report_first)
    await counter.tick()

    assert await counter.states() == {"wrong": "rejected"}


async def test_a_meter_that_is_gone_there_pauses_its_export_until_it_is_started_again(
    world: World,
) -> None:
    counter = await open_exported(world, "lost")
    world.clock.advance(seconds=5)
    await counter.report(await counter.identifier("lost"), code="no_meter", meter=False)
    paused = await counter.export()
    assert (paused["state"], paused["paused_for"]) == ("paused", "no_meter")
    assert len(await told(world, "usage_export.paused")) == 1
    await counter.use("meanwhile")
    await counter.tick()
    assert await counter.states() == {"lost": "rejected"}

    again = await counter.start()
    await counter.tick()

    assert (again["state"], again["sync_state"]) == ("on", "synced")
    assert await counter.states() == {"lost": "rejected", "meanwhile": "sent"}


async def test_what_a_pause_left_over_half_way_is_sent_after_it_however_long_it_was(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = await open_counter(world)
    await counter.start()
    await counter.use(*(f"e{n}" for n in range(150)))
    world.clock.advance(seconds=5)
    stream = counter.gateway.stream_usage

    async def gone(usage: list[UsageDraft]) -> None:
        await stream(usage)
        await counter.report(code="archived_meter")

    with monkeypatch.context() as patched:
        patched.setattr(counter.gateway, "stream_usage", gone)
        await counter.tick()
    assert len(await counter.states()) == 100

    await counter.tick(hours=5)
    await counter.start()
    await counter.tick()

    assert len(counter.counted) == 150
    assert set((await counter.states()).values()) == {"sent"}


async def test_a_late_report_of_a_meter_that_is_there_again_pauses_nothing(world: World) -> None:
    counter = await open_exported(world, "a")
    await counter.stop()
    async with counter.earlier(hours=1):
        late = world.clock.now()
    world.clock.advance(seconds=5)
    await counter.start()
    now = world.clock.now()
    world.clock.instant = late
    await counter.report(await counter.identifier("a"), code="archived_meter")
    world.clock.instant = now
    await counter.tick()

    assert (await counter.export())["state"] == "on"
    assert await counter.errors() == {"a": "archived_meter"}


async def test_a_report_of_what_others_sent_is_ignored(world: World) -> None:
    counter = await open_exported(world, "a")
    await counter.report("somebody-elses", "use_01jd3x8k5vq2m7r9t4w6y0z1ab", meter=False)

    page = await counter.must("list_stripe_events", OPERATOR, type=NO_METER)

    assert [each["state"] for each in page["items"]] == ["ignored"]
    assert (await counter.export())["reported_errors"] == 0


async def test_a_report_that_makes_no_sense_harms_nothing(world: World) -> None:
    counter = await open_exported(world, "a")
    await counter.report()
    broken = counter.provider.events[-1]
    odd: list[Any] = [None, [], {"reason": 7}]
    odd += [{"reason": {"error_types": [3, {"sample_errors": {}}]}}]
    for data in odd:
        payload = broken.payload
        payload["data"] = data  # type: ignore[index]
        counter.provider.events[-1] = broken
        await counter.must("replay_stripe_event", OPERATOR, stripe_event_id=broken.id)
        await counter.tick()

    page = await counter.must("list_stripe_events", OPERATOR, object_id=broken.object_id)
    assert [each["state"] for each in page["items"]] == ["handled"]
    assert await counter.errors() == {}


async def test_errors_are_listed_by_meter_and_project_page_by_page(world: World) -> None:
    counter = await open_exported(world, "a", "b")
    other = await open_project(world, "Heron")
    await counter.become_customer(other)
    await counter.use("c", project=other)
    await counter.tick()
    for each in ("a", "b", "c"):
        world.clock.advance(seconds=1)
        await counter.report(await counter.identifier(each))

    first = await counter.must("list_usage_export_errors", OPERATOR, limit=2)
    rest = await counter.must(
        "list_usage_export_errors", OPERATOR, limit=2, cursor=first["next_cursor"]
    )

    listed = [[each["event_id"] for each in page["items"]] for page in (first, rest)]
    assert listed == [["c", "b"], ["a"]]
    assert rest["next_cursor"] is None
    assert [*await counter.errors(project_id=other, meter_key="tokens")] == ["c"]
    assert await counter.refused("list_usage_export_errors", OPERATOR, meter_key="no") == (
        "meter_not_found"
    )


async def test_nobody_of_a_project_sees_or_starts_any_of_it(world: World) -> None:
    counter = await open_exported(world, "a")
    for name, sent in {
        "start_usage_export": {"meter_key": "tokens", "event_name": "mine"},
        "stop_usage_export": {"meter_key": "tokens"},
        "list_usage_exports": {},
        "list_usage_export_errors": {},
    }.items():
        caller = agent(Role.OWNER, counter.project)
        assert await counter.refused(name, caller, **sent) == "not_allowed"
    for name in ("start_usage_export", "stop_usage_export"):
        sent = {"meter_key": "tokens"} | (
            {"event_name": "mine"} if name.startswith("start") else {}
        )
        assert await counter.refused(name, AUDITOR, **sent) == "not_allowed"
