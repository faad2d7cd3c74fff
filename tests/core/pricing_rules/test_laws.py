"""What is true of every set of rules, whatever they say and whatever the facts are."""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from core.kernel.money import Money
from core.pricing_rules import (
    Adjusted,
    Context,
    Rule,
    Subject,
    adjust,
    read_terms,
    write_terms,
)
from core.pricing_rules.adjusting import total_change
from core.pricing_rules.adjustments import Overall
from tests.core.pricing_rules.desk import KNOWN, NOON, USD, rule

Json = dict[str, Any]


def figures(most: int, places: int = 3, least: int = 0) -> st.SearchStrategy[str]:
    return st.integers(least, most).map(lambda n: f"{Decimal(n).scaleb(-places):f}")


@st.composite
def bounds(draw: st.DrawFn, low: str = "floor", high: str = "cap") -> Json:
    """A floor, a cap, both, or neither."""
    pair = sorted([draw(st.integers(0, 20_000)), draw(st.integers(0, 20_000))])
    told = {low: f"{pair[0] / 100:.2f}", high: f"{pair[1] / 100:.2f}"}
    kept = draw(st.sampled_from([(), (low,), (high,), (low, high)]))
    return {name: told[name] for name in kept}


@st.composite
def adjustments(draw: st.DrawFn) -> Json:
    kind = draw(st.sampled_from(["factor", "percent", "per_unit", "total"]))
    does: Json = {"kind": kind, **draw(bounds())}
    if kind == "factor":
        does["factor"] = draw(figures(3000))
    elif kind == "percent":
        does["percent"] = draw(figures(200_000, least=-100_000))
    else:
        does["amount"] = draw(figures(50_000, least=-50_000))
    if {"floor", "cap", "amount"} & does.keys():
        does["currency"] = draw(st.sampled_from(["USD/2", "USD/2", "EUR/2"]))
    return does


@st.composite
def overall(draw: st.DrawFn) -> Json:
    told = draw(bounds()) | draw(bounds("floor_percent", "cap_percent")) or {"floor": "1"}
    return {
        "kind": "overall",
        **told,
        **({"currency": "USD/2"} if {"floor", "cap"} & told.keys() else {}),
    }


NIGHT, DAY = {"begins": "22:00", "ends": "06:00"}, {"begins": "09:30", "ends": "24:00"}
LEAVES = st.one_of(
    st.fixed_dictionaries(
        {
            "kind": st.just("time_of_day"),
            "time_zone": st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"]),
            "windows": st.sampled_from([[NIGHT], [DAY]]),
        }
    ),
    st.sampled_from(
        [
            {"kind": "location", "countries": ["DE"]},
            {"kind": "location", "countries": ["US", "AT"]},
            {"kind": "segment", "any_of": ["edu"]},
            {"kind": "segment", "any_of": ["vip", "ngo"]},
        ]
    ),
    figures(100, 0).map(lambda n: {"kind": "demand", "bands": [{"at_least": n}]}),
)
CONDITIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.fixed_dictionaries({"kind": st.just("not"), "that": inner}),
        st.fixed_dictionaries(
            {"kind": st.sampled_from(["all", "any"]), "of": st.lists(inner, min_size=1, max_size=3)}
        ),
    ),
    max_leaves=3,
)


@st.composite
def rule_sets(draw: st.DrawFn) -> list[Rule]:
    keys = draw(st.lists(st.sampled_from("abcdefgh"), max_size=6, unique=True))
    return [
        rule(
            key,
            draw(st.one_of(adjustments(), adjustments(), overall())),
            draw(st.one_of(st.none(), CONDITIONS)),
            priority=draw(st.integers(0, 3)),
        )
        for key in keys
    ]


CONTEXTS = st.builds(
    Context,
    at=st.integers(0, 500).map(lambda hours: NOON + timedelta(hours=hours)),
    quantity=st.one_of(st.none(), st.integers(0, 1000).map(Decimal)),
    demand=st.one_of(st.none(), st.integers(0, 100).map(Decimal)),
    country=st.sampled_from([None, "DE", "US"]),
    segments=st.sampled_from([None, frozenset[str](), frozenset({"edu"}), frozenset({"vip"})]),
)
AMOUNTS = st.integers(0, 10**9).map(lambda units: Money(units, USD))


def made(rules: list[Rule], context: Context, amount: Money) -> Adjusted:
    return adjust(rules, Subject(), context, amount)


@given(rule_sets(), CONTEXTS, AMOUNTS)
def test_the_order_in_which_rules_are_given_is_of_no_account(
    rules: list[Rule], context: Context, amount: Money
) -> None:
    assert made(rules, context, amount) == made(rules[::-1], context, amount)


@given(CONTEXTS, AMOUNTS)
def test_no_rule_changes_nothing(context: Context, amount: Money) -> None:
    adjusted = made([], context, amount)

    assert adjusted == Adjusted(Decimal(amount.decimal), Decimal(amount.decimal), amount, (), ())


@given(rule_sets(), CONTEXTS, AMOUNTS)
def test_the_explanation_adds_up_to_what_is_charged(
    rules: list[Rule], context: Context, amount: Money
) -> None:
    adjusted = made(rules, context, amount)
    before = [adjusted.base, *(each.after for each in adjusted.applied)]

    assert [each.before for each in adjusted.applied] == before[:-1]
    assert adjusted.base + total_change(adjusted) + adjusted.rounding == Decimal(
        adjusted.amount.decimal
    )
    told = {each.rule.key for each in adjusted.applied}
    told |= {each.rule.key for each in adjusted.passed_over}
    assert told == {each.key for each in rules}


@given(rule_sets(), CONTEXTS, AMOUNTS)
def test_nothing_is_under_its_floor_over_its_cap_or_below_zero(
    rules: list[Rule], context: Context, amount: Money
) -> None:
    adjusted = made(rules, context, amount)

    floors = [Decimal(0)]
    for step in adjusted.applied:
        does = step.rule.terms.adjust
        assert step.after >= 0
        if isinstance(does, Overall):
            floors.append(does.floor_of(adjusted.base) or Decimal(0))
        else:
            assert does.floor is None or step.after >= does.floor
            assert does.cap is None or step.after <= does.cap
    assert adjusted.exact >= max(floors)
    caps = [
        cap
        for step in adjusted.applied
        if isinstance(step.rule.terms.adjust, Overall)
        and (cap := step.rule.terms.adjust.cap_of(adjusted.base)) is not None
    ]
    assert all(adjusted.exact <= max(cap, *floors) for cap in caps)


@given(rule_sets(), CONTEXTS, AMOUNTS)
def test_rounding_takes_no_more_than_half_a_unit(
    rules: list[Rule], context: Context, amount: Money
) -> None:
    adjusted = made(rules, context, amount)

    assert abs(Fraction(adjusted.rounding)) <= Fraction(1, 200)


@given(rule_sets(), CONTEXTS, AMOUNTS, st.integers(0, 3))
def test_a_rule_that_stops_leaves_the_later_ones_without_effect(
    rules: list[Rule], context: Context, amount: Money, priority: int
) -> None:
    last = rule("zz", {"kind": "factor", "factor": "1"}, priority=priority, stops=True)
    kept = [r for r in rules if r.order < last.order or isinstance(r.terms.adjust, Overall)]

    assert made([*rules, last], context, amount).amount == made(kept, context, amount).amount


@given(rule_sets())
def test_every_rule_is_written_as_it_is_read(rules: list[Rule]) -> None:
    for each in rules:
        assert read_terms(write_terms(each.terms), KNOWN) == each.terms
