"""Staff look at what was told: filtered, newest first, page by page, and without secrets."""

from dataclasses import replace
from typing import Any

import pytest

from core import inbox
from core.db.paging import InvalidCursor
from core.inbox import operations
from core.kernel.caller import Caller, Role
from core.operations import NotAllowed
from core.operations.perform import Call
from tests.core.inbox.office import PAID, Marking, Office, paid
from tests.stripe_events import snapshot
from tests.world import AUDITOR, OPERATOR, World, agent

pytestmark = pytest.mark.anyio

BY_NAME = {each.name: each for each in operations.OPERATIONS}


async def ask(
    world: World, name: str, /, *, caller: Caller = AUDITOR, **arguments: Any
) -> dict[str, Any]:
    call = Call(caller=caller, arguments=arguments, door="test")
    return (await world.gate.perform(BY_NAME[name], call)).unwrap()


async def names(world: World, **sought: Any) -> list[str]:
    found = await ask(world, "list_stripe_events", **sought)
    return [each["stripe_event_id"] for each in found["items"]]


async def four_events(world: World) -> Office:
    """One of each state, in the order of their numbers, a minute apart."""

    async def fail(_: inbox.Hearing) -> None:
        raise inbox.ParentMissing("ch_1")

    here = Office(world, {PAID: Marking(), "charge.failed": fail})
    for told in (
        snapshot("evt_1", "charge.failed", {"id": "ch_1"}),
        paid("evt_2", about="pi_2"),
        snapshot("evt_3", "unheard.of", {"id": "pi_2"}),
    ):
        await here.deliver(told)
        world.clock.advance(minutes=1)
    await here.hear_to_the_end()
    await here.deliver(paid("evt_4", about="pi_4"))
    return here


async def test_events_are_listed_newest_first_and_found_by_what_they_are(world: World) -> None:
    began = world.clock.now()
    await four_events(world)

    assert await names(world) == ["evt_4", "evt_3", "evt_2", "evt_1"]
    for state, found in (
        ("parked", "evt_1"),
        ("handled", "evt_2"),
        ("ignored", "evt_3"),
        ("waiting", "evt_4"),
    ):
        assert await names(world, state=state) == [found]
    assert await names(world, type=PAID) == ["evt_4", "evt_2"]
    assert await names(world, object_id="pi_2") == ["evt_3", "evt_2"]
    assert await names(world, object_id="pi_2", type=PAID) == ["evt_2"]
    second = began.replace(minute=1).isoformat()
    assert await names(world, until=second) == ["evt_1"]
    assert await names(world, since=second, state="handled") == ["evt_2"]


async def test_pages_of_events_neither_skip_nor_repeat_those_of_one_instant(world: World) -> None:
    await Office(world).deliver(*(paid(f"evt_{n}") for n in range(5)))

    shown: list[str] = []
    cursor: str | None = None
    while cursor or not shown:
        found = await ask(world, "list_stripe_events", limit=2, cursor=cursor)
        shown += [each["stripe_event_id"] for each in found["items"]]
        cursor = found["next_cursor"]

    assert shown == ["evt_4", "evt_3", "evt_2", "evt_1", "evt_0"]


@pytest.mark.parametrize("cursor", ["WyJub3ciLCJldnRfMSJd", "WyIyMDI2LTExLTIwIiwiZSJd", "e30"])
async def test_a_cursor_of_another_list_is_refused(world: World, cursor: str) -> None:
    with pytest.raises(InvalidCursor):
        await ask(world, "list_stripe_events", cursor=cursor)


async def test_one_event_is_shown_in_full(world: World) -> None:
    await four_events(world)

    parked = await ask(world, "get_stripe_event", stripe_event_id="evt_1")
    assert (parked["state"], parked["attempt"]) == ("parked", 12)
    assert parked["error"].startswith("parent_missing: ch_1")
    assert parked["payload"]["data"] == {"object": {"id": "ch_1"}}
    assert (parked["endpoint"], parked["livemode"]) == ("fetched", False)


async def test_an_event_that_never_came_is_not_found(world: World) -> None:
    for name in ("get_stripe_event", "replay_stripe_event"):
        with pytest.raises(inbox.StripeEventNotFound):
            await ask(world, name, caller=OPERATOR, stripe_event_id="evt_none")


async def test_an_operator_replays_and_an_auditor_only_looks(world: World) -> None:
    here = await four_events(world)
    with pytest.raises(NotAllowed):
        await ask(world, "replay_stripe_event", stripe_event_id="evt_1")

    here.handlers["charge.failed"] = Marking()
    told = await ask(world, "replay_stripe_event", caller=OPERATOR, stripe_event_id="evt_1")
    assert (told["state"], told["attempt"], told["error"]) == ("waiting", 0, None)
    await here.hear()

    assert (await here.event("evt_1")).state is inbox.State.HANDLED


async def test_nobody_of_a_project_sees_any_of_it_nor_do_staff_who_are_bound_to_one(
    world: World,
) -> None:
    await four_events(world)
    bound = replace(OPERATOR, project_id=agent().project_id)
    for caller in (agent(Role.OWNER), bound):
        for name, sent in (
            ("list_stripe_events", {}),
            ("get_stripe_event", {"stripe_event_id": "evt_1"}),
            ("replay_stripe_event", {"stripe_event_id": "evt_1"}),
        ):
            with pytest.raises(NotAllowed):
                await ask(world, name, caller=caller, **sent)
