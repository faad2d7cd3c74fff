"""What the operator says of customers: kept, read by type, and told to nobody of a project."""

import pytest

from core import pricing_facts
from core.kernel.caller import Role
from core.pricing_facts import Of
from tests.core.pricing_rules.test_evaluating import Json, define, say
from tests.core.wallets.bank import ask, must, open_project, refused
from tests.world import AUDITOR, OPERATOR, World, agent

pytestmark = pytest.mark.anyio


async def test_what_is_said_stays_until_it_is_said_otherwise(world: World) -> None:
    project = await open_project(world)
    await define(world)
    nothing = await must(world, "get_pricing_facts", AUDITOR, project_id=project)
    said = {"seats": -3, "beta": False, "tier": "gold"}
    await say(world, project, country="US", region="US-CA", segments=["b", "a"], properties=said)
    await say(world, project, segments=["c"])
    kept = await must(world, "get_pricing_facts", AUDITOR, project_id=project)
    await say(world, project, country=None, region=None, segments=None, properties=None)
    taken = await must(world, "get_pricing_facts", AUDITOR, project_id=project)

    empty: Json = {"project_id": project, "country": None, "region": None, "segments": []}
    assert nothing == {**empty, "properties": {}, "updated_at": None}
    assert kept == {
        "project_id": project,
        "country": "US",
        "region": "US-CA",
        "segments": ["c"],
        "properties": {"seats": "-3", "beta": False, "tier": "gold"},
        "updated_at": "2026-11-20T09:00:00Z",
    }
    assert taken == {**empty, "properties": {}, "updated_at": "2026-11-20T09:00:00Z"}


async def test_facts_of_one_project_are_read_for_no_other(world: World) -> None:
    ours, theirs = await open_project(world), await open_project(world, "Heron")
    await say(world, ours, segments=["edu"])
    async with world.database.read(OPERATOR) as work:
        known = [await pricing_facts.facts_of(work.within(each)) for each in (ours, theirs)]

    assert [each.segments for each in known] == [frozenset({"edu"}), frozenset()]


async def test_a_property_keeps_its_type_and_its_values(world: World) -> None:
    await define(world)
    name, tier = "define_pricing_property", {"of": "project", "property": "tier"}
    more = {**tier, "type": "text", "values": ["gold", "platinum", "silver"]}

    again = await must(world, name, OPERATOR, **more)

    assert again["values"] == ["gold", "platinum", "silver"]
    assert await refused(world, name, OPERATOR, **tier, type="number") == "pricing_property_taken"
    fewer = await ask(world, name, OPERATOR, None, **tier, type="text", values=["gold"])
    assert fewer.error is not None
    assert fewer.error.facts["problems"] == [
        {
            "field": "values",
            "problem": "must also hold platinum, silver: rules and facts may rely on it",
        }
    ]
    assert (await must(world, name, OPERATOR, **tier, type="text"))["values"] == []
    found = await must(world, "list_pricing_properties", AUDITOR)
    assert [(each["of"], each["property"], each["type"]) for each in found["items"]] == [
        ("project", "beta", "boolean"),
        ("project", "seats", "number"),
        ("project", "tier", "text"),
        ("usage", "model", "text"),
    ]
    assert {Of(each["of"]) for each in found["items"]} == {Of.PROJECT, Of.USAGE}


async def test_a_projects_own_trail_does_not_say_what_the_operator_said_of_it(
    world: World,
) -> None:
    project = await open_project(world)
    await say(world, project, segments=["churn_risk"])
    admin = agent(Role.ADMIN, project)

    calls = await must(world, "list_tool_invocations", admin)
    events = await must(world, "list_audit_events", admin)
    platform = await must(world, "list_audit_events", AUDITOR)

    assert "churn_risk" not in str(calls)
    assert "record_pricing_facts" not in str(calls)
    assert "churn_risk" not in str(events)
    assert "churn_risk" in str(platform)
    for name in ("get_pricing_facts", "record_pricing_facts"):
        assert await refused(world, name, admin, project_id=project) == "not_allowed"


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"country": "UK"}, "country"),
        ({"country": "DE", "region": "US-CA"}, "region"),
        ({"region": "California"}, "region"),
        ({"segments": ["No Good"]}, "segments.0"),
        ({"properties": {"teir": "gold"}}, "properties.teir"),
        ({"properties": {"tier": "bronze"}}, "properties.tier"),
        ({"properties": {"model": "large"}}, "properties.model"),
    ],
)
async def test_what_is_said_wrongly_is_refused_by_field(
    world: World, said: Json, field: str
) -> None:
    project = await open_project(world)
    await define(world)
    outcome = await ask(world, "record_pricing_facts", OPERATOR, None, project_id=project, **said)

    assert outcome.error is not None
    assert [each["field"] for each in outcome.error.facts["problems"]] == [field]
