"""Rules as they are kept: versions that never change, and which of them was in force when."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core import pricing_rules
from core.kernel.caller import Role
from core.pricing_rules import Context, Subject, adjust, changing, written
from tests.core.pricing_rules.desk import usd
from tests.core.wallets.bank import ask, must, open_project, refused, told
from tests.world import AUDITOR, OPERATOR, START, World, agent

pytestmark = pytest.mark.anyio

Json = dict[str, Any]
LESS = {"kind": "percent", "percent": "-20"}


async def make(world: World, key: str = "less", **more: Any) -> Json:
    sent = {"rule_key": key, "name": key.title(), "adjust": LESS, **more}
    return await must(world, "create_pricing_rule", OPERATOR, **sent)


async def change(world: World, key: str = "less", **more: Any) -> Json:
    return await must(world, "update_pricing_rule", OPERATOR, rule_key=key, **more)


async def in_force(world: World, **after: float) -> list[str]:
    """Name the versions that are in force some time after the beginning."""
    async with world.database.read(OPERATOR) as work:
        rules = await pricing_rules.active(work, START + timedelta(**after))
    return [each.reference for each in rules]


async def evaluate(world: World, **more: Any) -> Json:
    sent = {"amount": "10.00", "asset": "USD/2", **more}
    return await must(world, "evaluate_pricing_rules", OPERATOR, **sent)


async def test_a_rule_is_kept_as_it_was_written(world: World) -> None:
    when = {"kind": "season", "time_zone": "UTC",
            "ranges": [{"first_on": "12-20", "last_on": "01-06"}]}  # fmt: skip
    made = await make(world, when=when, priority=7, ends_at="2027-02-01T00:00:00Z")
    [listed] = (await must(world, "list_pricing_rules", AUDITOR))["items"]
    got = await must(world, "get_pricing_rule", AUDITOR, rule_key="less")

    assert made == listed == {name: value for name, value in got.items() if name != "versions"}
    assert made == {
        "rule_key": "less",
        "version": 1,
        "name": "Less",
        "priority": 7,
        "applies_to": {},
        "when": when,
        "adjust": LESS,
        "stops": False,
        "effective_at": "2026-11-20T09:00:00Z",
        "ends_at": "2027-02-01T00:00:00Z",
        "newest_version": 1,
        "in_force_version": 1,
        "created_at": "2026-11-20T09:00:00Z",
        "archived_at": None,
    }


async def test_each_change_is_another_version_and_the_old_one_stays(world: World) -> None:
    await make(world, when={"kind": "segment", "any_of": ["edu"]})
    world.clock.advance(days=1)
    await change(world, adjust={"kind": "factor", "factor": "0.5"}, name="Half")
    world.clock.advance(days=1)
    await change(world, when=None)

    versions = [
        await must(world, "get_pricing_rule", AUDITOR, rule_key="less", version=n)
        for n in (1, 2, 3)
    ]

    assert [(each["name"], each["adjust"], each["when"]) for each in versions] == [
        ("Less", LESS, {"kind": "segment", "any_of": ["edu"]}),
        ("Half", {"kind": "factor", "factor": "0.5"}, {"kind": "segment", "any_of": ["edu"]}),
        ("Half", {"kind": "factor", "factor": "0.5"}, None),
    ]
    assert [each["version"] for each in versions[0]["versions"]] == [3, 2, 1]
    assert {each["in_force_version"] for each in versions} == {3}
    assert await in_force(world, hours=23) == ["less@1"]
    assert await in_force(world, days=1) == ["less@2"]
    assert await in_force(world, days=2) == ["less@3"]
    assert await in_force(world, seconds=-1) == []


async def test_a_version_waits_until_it_is_to_begin_and_ends_when_it_is_to_end(
    world: World,
) -> None:
    await make(world)
    changed = await change(
        world,
        effective_at="2026-12-01T00:00:00Z",
        ends_at="2027-01-01T00:00:00Z",
        adjust={"kind": "percent", "percent": "-50"},
    )

    assert (changed["version"], changed["in_force_version"]) == (2, 1)
    assert await in_force(world, days=10) == ["less@1"]
    assert await in_force(world, days=10, hours=15) == ["less@2"]
    assert await in_force(world, days=41, hours=14) == ["less@2"]
    assert await in_force(world, days=41, hours=15) == []


async def test_a_change_takes_the_place_of_a_version_that_was_yet_to_begin(world: World) -> None:
    await make(world)
    await change(world, effective_at="2026-12-01T00:00:00Z", priority=1)
    kept = await change(world, name="Renamed")
    now = await change(world, name="At once", effective_at="2026-11-20T09:00:00Z")

    assert (kept["version"], kept["effective_at"]) == (3, "2026-12-01T00:00:00Z")
    assert (now["version"], now["in_force_version"]) == (4, 4)
    assert await in_force(world, days=30) == ["less@4"]


async def test_what_was_evaluated_can_be_evaluated_again_whatever_was_changed(
    world: World,
) -> None:
    await make(world)
    await make(world, "more", adjust={"kind": "total", "amount": "1", "currency": "USD/2"})
    first = await evaluate(world)
    world.clock.advance(hours=1)
    await change(world, adjust={"kind": "percent", "percent": "-90"})
    await must(world, "archive_pricing_rule", OPERATOR, rule_key="more")

    now = await evaluate(world)
    by_time = await evaluate(world, at=first["context"]["at"])
    by_version = await evaluate(
        world, at=first["context"]["at"], suppose={"versions": first["versions"]}
    )

    assert (first["amount"], now["amount"]) == ("9.00", "1.00")
    assert first["versions"] == ["less@1", "more@1"]
    assert by_time == by_version == first


async def test_an_archived_rule_applies_no_more_and_does_not_change(world: World) -> None:
    await make(world)
    world.clock.advance(hours=1)
    first = await must(world, "archive_pricing_rule", OPERATOR, rule_key="less")
    world.clock.advance(hours=1)
    again = await must(world, "archive_pricing_rule", OPERATOR, rule_key="less")

    assert first["archived_at"] == "2026-11-20T10:00:00Z"
    assert (first["in_force_version"], again) == (None, first)
    assert await in_force(world, minutes=59) == ["less@1"]
    assert await in_force(world, hours=1) == []
    assert (await must(world, "list_pricing_rules", AUDITOR))["items"] == []
    everything = await must(world, "list_pricing_rules", AUDITOR, include_archived=True)
    assert [each["rule_key"] for each in everything["items"]] == ["less"]
    name = "update_pricing_rule"
    assert await refused(world, name, OPERATOR, rule_key="less", stops=True) == (
        "pricing_rule_archived"
    )
    sent = {"rule_key": "less", "name": "Less", "adjust": LESS}
    assert await refused(world, "create_pricing_rule", OPERATOR, **sent) == (
        "pricing_rule_key_taken"
    )
    assert len(await told(world, "pricing_rule.archived")) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "update pricing_rules_versions set version = 9",
        "update pricing_rules_versions set ends_at = effective_at",
        "delete from pricing_rules_versions",
    ],
)
async def test_the_database_itself_keeps_versions_as_they_are(world: World, statement: str) -> None:
    await make(world)

    with pytest.raises(DBAPIError, match="append-only"):
        async with world.owner() as connection:
            await connection.execute(text(statement))


async def test_of_changes_at_once_each_is_made_and_none_is_lost(world: World) -> None:
    await make(world)

    await asyncio.gather(
        *(change(world, name=f"Name {n}") for n in range(5)),
        *(change(world, priority=n) for n in range(1, 6)),
        *(change(world, stops=True) for _ in range(5)),
    )

    [rule] = (await must(world, "list_pricing_rules", AUDITOR))["items"]
    assert rule["version"] == 16
    assert rule["name"].startswith("Name")
    assert (rule["priority"] < 6, rule["stops"]) == (True, True)


async def test_rules_are_listed_page_by_page(world: World) -> None:
    for key in ("b", "a", "c"):
        await make(world, key)

    first = await must(world, "list_pricing_rules", AUDITOR, limit=2)
    rest = await must(world, "list_pricing_rules", AUDITOR, limit=2, cursor=first["next_cursor"])

    keys = [[each["rule_key"] for each in page["items"]] for page in (first, rest)]
    assert (keys, rest["next_cursor"]) == ([["a", "b"], ["c"]], None)


# -- What is refused ------------------------------------------------------------------------------


async def problems(world: World, name: str, /, **sent: Any) -> list[str]:
    outcome = await ask(world, name, OPERATOR, None, **sent)
    assert outcome.error is not None, outcome.body
    return [each["field"] for each in outcome.error.facts["problems"]]


NAMED = {"rule_key": "other", "name": "Other"}


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"adjust": {"kind": "factor", "factor": "-1"}}, "adjust.factor"),
        ({"adjust": LESS | {"half": True}}, "adjust.half"),
        ({"adjust": LESS, "when": {"kind": "weather"}}, "when.kind"),
        (
            {"adjust": LESS, "when": {"kind": "boolean", "of": "project", "property": "vip",
                                      "equals": True}},
            "when.property",
        ),
        ({"adjust": LESS, "applies_to": {"meters": ["nothing"]}}, "applies_to.meters.0"),
        ({"adjust": LESS, "applies_to": {"plans": ["nothing"]}}, "applies_to.plans.0"),
        ({"adjust": LESS, "applies_to": {"products": ["nothing"]}}, "applies_to.products.0"),
        ({"adjust": LESS, "effective_at": "2026-11-20T08:59:59Z"}, "effective_at"),
        ({"adjust": LESS, "ends_at": "2026-11-20T09:00:00Z"}, "ends_at"),
        ({"adjust": LESS, "priority": -1}, "priority"),
        ({}, "adjust"),
    ],
)  # fmt: skip
async def test_a_rule_that_makes_no_sense_is_refused_by_field_and_not_made(
    world: World, sent: Json, field: str
) -> None:
    assert await problems(world, "create_pricing_rule", **NAMED, **sent) == [field]
    assert (await must(world, "list_pricing_rules", AUDITOR))["items"] == []


async def test_a_change_that_makes_no_sense_is_refused_and_not_made(world: World) -> None:
    await make(world, adjust=LESS | {"floor": "5", "currency": "USD/2"})
    name = "update_pricing_rule"

    assert await problems(world, name, rule_key="less") == ["arguments"]
    assert await problems(world, name, rule_key="less", name=None) == ["arguments"]
    below = LESS | {"floor": "5", "cap": "4", "currency": "USD/2"}
    assert await problems(world, name, rule_key="less", adjust=below) == ["adjust.floor"]
    early = {"rule_key": "less", "stops": True, "effective_at": "2020-01-01T00:00:00Z"}
    assert await problems(world, name, **early) == ["effective_at"]
    assert await refused(world, name, OPERATOR, rule_key="none", stops=True) == (
        "pricing_rule_not_found"
    )
    assert await in_force(world) == ["less@1"]


async def test_there_is_an_end_to_how_many_rules_there_are(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changing, "RULES_MAX", 2)
    await make(world, "a")
    await make(world, "b")
    sent = {"rule_key": "c", "name": "C", "adjust": LESS}
    assert await refused(world, "create_pricing_rule", OPERATOR, **sent) == (
        "too_many_pricing_rules"
    )
    await must(world, "archive_pricing_rule", OPERATOR, rule_key="a")

    assert (await make(world, "c"))["version"] == 1


async def test_only_operators_change_rules_and_only_staff_read_them(world: World) -> None:
    project = await open_project(world)
    await make(world)
    sent = {"rule_key": "own", "name": "Own", "adjust": LESS}
    for caller in (agent(Role.OWNER, project), AUDITOR):
        for name, asked in (
            ("create_pricing_rule", sent),
            ("update_pricing_rule", {"rule_key": "less", "stops": True}),
            ("archive_pricing_rule", {"rule_key": "less"}),
        ):
            assert await refused(world, name, caller, **asked) == "not_allowed"
    for name, asked in (("list_pricing_rules", {}), ("get_pricing_rule", {"rule_key": "less"})):
        assert await refused(world, name, agent(Role.OWNER, project), **asked) == "not_allowed"


async def test_what_was_accepted_is_read_for_ever_though_the_world_has_changed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make(world, when={"kind": "location", "countries": ["DE"], "regions": ["US-CA"]})
    await make(world, "night", when={"kind": "time_of_day", "time_zone": "UTC", "days": ["mon"]})
    monkeypatch.setattr(written, "countries", frozenset)
    monkeypatch.setattr(written, "time_zones", frozenset)

    assert await in_force(world) == ["less@1", "night@1"]


async def test_others_adjust_by_the_rules_in_force_without_asking_again(world: World) -> None:
    await make(world)
    async with world.database.read(OPERATOR) as work:
        rules = await pricing_rules.active(work, work.now)
        pinned = await pricing_rules.pinned(work, ["less@1"])
        with pytest.raises(pricing_rules.RuleNotFound):
            await pricing_rules.pinned(work, ["less@2"])

    adjusted = adjust(rules, Subject(), Context(at=START), usd("10.00"))

    assert adjusted.explained == ["less@1: 10.00 -20 % = 8.0000"]
    assert (adjusted.amount, pinned) == (usd("8.00"), rules)
