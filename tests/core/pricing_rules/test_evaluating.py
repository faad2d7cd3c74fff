"""What comes out for whom: a project is who the operator says it is, whatever it says itself."""

from typing import Any

import pytest

from core.kernel.caller import Caller, Role
from tests.core.wallets.bank import ask, must, open_project, refused
from tests.world import AUDITOR, OPERATOR, World, agent

pytestmark = pytest.mark.anyio

Json = dict[str, Any]
TEN = {"amount": "10.00", "asset": "USD/2"}
PROPERTIES = (
    ("project", "tier", "text", ["gold", "silver"]),
    ("project", "seats", "number", None),
    ("project", "beta", "boolean", None),
    ("usage", "model", "text", None),
)


async def define(world: World) -> None:
    for of, name, kind, values in PROPERTIES:
        sent = {"of": of, "property": name, "type": kind, "values": values}
        await must(world, "define_pricing_property", OPERATOR, **sent)


async def rule(world: World, key: str, when: Json, percent: str = "-50", **more: Any) -> None:
    sent = {"rule_key": key, "name": key.title(), "when": when, **more}
    adjust = {"kind": "percent", "percent": percent}
    await must(world, "create_pricing_rule", OPERATOR, **sent, adjust=adjust)


async def say(world: World, project: str, **facts: Any) -> Json:
    return await must(world, "record_pricing_facts", OPERATOR, project_id=project, **facts)


async def charged(world: World, caller: Caller, **more: Any) -> str:
    evaluated = await must(world, "evaluate_pricing_rules", caller, **TEN | more)
    return str(evaluated["amount"])


EDU = {"kind": "segment", "any_of": ["edu"]}
GOLD = {"kind": "text", "of": "project", "property": "tier", "equals": "gold"}


async def test_a_project_is_charged_by_what_the_operator_says_of_it(world: World) -> None:
    school, firm = await open_project(world), await open_project(world, "Heron")
    await define(world)
    await rule(world, "edu", EDU)
    await rule(world, "gold", GOLD, "-10")
    await rule(world, "us", {"kind": "location", "regions": ["US-CA"]}, "100")
    await say(world, school, segments=["edu", "x"], properties={"tier": "gold"})
    await say(world, firm, country="US", region="US-CA")

    assert await charged(world, agent(Role.VIEWER, school)) == "4.50"
    assert await charged(world, agent(Role.VIEWER, firm)) == "20.00"
    assert await charged(world, OPERATOR, project_id=school) == "4.50"
    assert await charged(world, OPERATOR) == "10.00", "of nobody in particular nothing is known"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("segments", ["edu"]),
        ("segments", []),
        ("properties", {"tier": "gold"}),
        ("country", "DE"),
        ("region", "US-CA"),
        ("demand", "0"),
        ("period_quantity", "1000000"),
        ("versions", ["edu@1"]),
        ("versions", []),
    ],
)
async def test_a_project_cannot_say_who_it_is_nor_by_which_rules_it_is_charged(
    world: World, field: str, value: Any
) -> None:
    project = await open_project(world)
    await define(world)
    await rule(world, "edu", EDU)

    for role in Role:
        outcome = await ask(
            world,
            "evaluate_pricing_rules",
            agent(role, project),
            None,
            **TEN,
            suppose={field: value},
        )
        assert outcome.error is not None
        assert (outcome.error.code, outcome.error.facts) == ("fact_not_yours", {"field": "suppose"})


async def test_what_usage_is_recorded_with_is_never_taken_for_the_operators_word(
    world: World,
) -> None:
    project = await open_project(world)
    await define(world)
    tier = {"of": "usage", "property": "tier", "type": "text"}
    await must(world, "define_pricing_property", OPERATOR, **tier)
    await rule(world, "gold", GOLD)
    await rule(world, "large", GOLD | {"of": "usage", "property": "model", "equals": "large"}, "50")
    viewer = agent(Role.VIEWER, project)

    assert await charged(world, viewer, usage_properties={"tier": "gold"}) == "10.00"
    assert await charged(world, viewer, usage_properties={"model": "large"}) == "15.00"


async def test_a_project_is_not_told_of_rules_that_did_not_apply_nor_what_is_said_of_it(
    world: World,
) -> None:
    project = await open_project(world)
    await rule(world, "edu", EDU)
    await rule(world, "secret", {"kind": "segment", "any_of": ["leaving"]})
    await say(world, project, segments=["edu", "churn_risk"])

    told = await must(world, "evaluate_pricing_rules", agent(Role.OWNER, project), **TEN)

    assert told == {
        "asset": "USD/2",
        "base": "10",
        "amount": "5.00",
        "exact": "5",
        "rounding": "0",
        "applied": [
            {
                "rule_key": "edu",
                "version": 1,
                "name": "Edu",
                "did": "-50 %",
                "before": "10",
                "after": "5",
                "change": "-5",
                "held_at": None,
            }
        ],
        "passed_over": None,
        "versions": None,
        "context": None,
    }


async def test_prices_that_are_to_come_are_told_to_staff_alone(world: World) -> None:
    project = await open_project(world)
    await rule(world, "friday", EDU, effective_at="2026-11-27T00:00:00Z")
    await say(world, project, segments=["edu"])
    later = {"at": "2026-11-27T12:00:00Z"}
    viewer = agent(Role.VIEWER, project)

    assert await charged(world, viewer) == "10.00"
    assert await refused(world, "evaluate_pricing_rules", viewer, **TEN, **later) == (
        "invalid_request"
    )
    assert await charged(world, AUDITOR, project_id=project, **later) == "5.00"


async def test_staff_may_suppose_and_see_why_a_rule_did_not_apply(world: World) -> None:
    project = await open_project(world)
    await define(world)
    await rule(world, "edu", EDU)
    busy = {"kind": "demand", "bands": [{"at_least": "80"}]}
    await rule(world, "busy", {"kind": "all", "of": [busy, GOLD]}, "20", priority=1)
    await say(world, project, segments=["edu"], country="DE", properties={"tier": "silver"})
    about = {"project_id": project, **TEN}

    as_it_is = await must(world, "evaluate_pricing_rules", AUDITOR, **about)
    supposed = await must(
        world,
        "evaluate_pricing_rules",
        AUDITOR,
        **about,
        suppose={
            "demand": "85.5",
            "segments": [],
            "region": "US-CA",
            "properties": {"tier": "gold", "seats": "2.50", "beta": True},
        },
    )

    assert as_it_is["passed_over"] == [
        {"rule_key": "busy", "version": 1, "name": "Busy", "field": "when.of.0",
         "reason": "the demand is not known"}
    ]  # fmt: skip
    assert as_it_is["versions"] == ["busy@1", "edu@1"]
    assert (supposed["amount"], [each["rule_key"] for each in supposed["applied"]]) == (
        "12.00",
        ["busy"],
    )
    assert supposed["context"] == {
        "at": "2026-11-20T09:00:00Z",
        "quantity": None,
        "period_quantity": None,
        "demand": "85.5",
        "country": None,
        "region": "US-CA",
        "segments": [],
        "properties": {"tier": "gold", "seats": "2.5", "beta": True},
        "usage_properties": {},
    }


async def test_a_price_is_rated_and_adjusted_before_it_is_rounded(world: World) -> None:
    price = {"model": "per_unit", "unit": "0.004"}
    sent = {"adjust": {"kind": "factor", "factor": "10"}, "rule_key": "ten", "name": "Ten"}
    await must(world, "create_pricing_rule", OPERATOR, **sent)
    asked = {"price": price, "quantity": "1", "asset": "USD/2"}

    evaluated = await must(world, "evaluate_pricing_rules", OPERATOR, **asked)

    assert (evaluated["base"], evaluated["exact"], evaluated["amount"]) == (
        "0.004",
        "0.04",
        "0.04",
    )


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({}, "amount"),
        (TEN | {"price": {"model": "flat", "amount": "1"}}, "amount"),
        ({"asset": "USD/2", "price": {"model": "flat", "amount": "1"}}, "quantity"),
        ({"asset": "USD/2", "price": {"model": "dear"}, "quantity": "1"}, "price.model"),
        (TEN | {"quantity": "-1"}, "quantity"),
        *(
            (TEN | {"suppose": told}, f"suppose.{field}")
            for told, field in (
                ({"country": "UK"}, "country"),
                ({"country": "DE", "region": "US-CA"}, "region"),
                ({"period_quantity": "-1"}, "period_quantity"),
                ({"properties": {"teir": "gold"}}, "properties.teir"),
                ({"properties": {"tier": "bronze"}}, "properties.tier"),
                ({"properties": {"tier": 1}}, "properties.tier"),
                ({"properties": {"seats": True}}, "properties.seats"),
                ({"properties": {"seats": "1e3"}}, "properties.seats"),
                ({"properties": {"beta": "yes"}}, "properties.beta"),
                ({"versions": ["less"]}, "versions.0"),
                ({"versions": ["less@1", "more@1", "less@2"]}, "versions.2"),
                ({"colour": "red"}, "colour"),
            )
        ),
        (TEN | {"usage_properties": {"tier": "gold"}}, "usage_properties.tier"),
        (TEN | {"at": "0001-01-01T00:00:00Z"}, "at"),
    ],
)
async def test_what_is_asked_wrongly_is_refused_by_field(
    world: World, sent: Json, field: str
) -> None:
    await define(world)
    outcome = await ask(
        world, "evaluate_pricing_rules", OPERATOR, None, **{"asset": "USD/2"} | sent
    )

    assert outcome.error is not None
    assert [each["field"] for each in outcome.error.facts["problems"]] == [field]
