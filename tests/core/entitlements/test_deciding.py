"""Who may use a feature, and why not: decided without a database."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.catalog import FeatureKind, Interval, IntervalUnit, QuotaWindow
from core.entitlements.deciding import Decision, Question, Reason, Standing, decide
from core.entitlements.model import (
    Allowance,
    Assignment,
    Held,
    Holding,
    Mode,
    Override,
    Version,
    millionths,
)
from core.entitlements.windows import Window
from core.kernel.ids import compose
from core.kernel.quantity import MICRO
from core.metering import Aggregation

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
TICK = timedelta(microseconds=1)
MONTH = Window(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
SWITCH, LIMIT, QUOTA = FeatureKind


def on() -> Allowance:
    return Allowance()


def most(number: int | None, per: QuotaWindow | None = None) -> Allowance:
    return Allowance(most=None if number is None else number * MICRO, per=per)


def holding(product: str, given: Mapping[str, Allowance], **times: Any) -> Holding:
    version = Version(
        id=compose("plv", 1),
        number=1,
        plan_key=f"{product}_pro",
        product_key=product,
        interval=Interval(IntervalUnit.MONTH),
        given=given,
    )
    about = {"starts_at": NOW - timedelta(days=1), "ends_at": None, "closed_at": None} | times
    assignment = Assignment(
        id=compose("asg", 1),
        project_id=compose("prj", 1),
        product_key=product,
        version_id=version.id,
        source="operator",
        assigned_by="usr:ada",
        anchor_at=NOW,
        **about,
    )
    return Holding(assignment, version)


def override(mode: Mode, number: int | None = None, **more: Any) -> Override:
    told: dict[str, Any] = {"per": None, "expires_at": None} | more
    return Override(
        feature_key="seats",
        mode=mode,
        most=None if number is None else number * MICRO,
        reason="A promise",
        set_by="usr:ada",
        created_at=NOW,
        **told,
    )


def asked(
    held: Held,
    kind: FeatureKind,
    quantity: int | None = None,
    used: int = 0,
    aggregation: Aggregation = Aggregation.SUM,
) -> Decision:
    """Ask about seats, of which so many were used this month."""
    question = Question(
        feature_key="seats",
        kind=kind,
        quantity=None if quantity is None else quantity * MICRO,
        aggregation=aggregation,
    )
    standings = [
        Standing(each, used * MICRO, MONTH if each.allowance.per else None)
        for each in held.grants("seats", kind, NOW)
    ]
    return decide(question, standings, holds_plan=bool(held.active(NOW)))


def told(decision: Decision) -> tuple[bool, str]:
    return decision.allowed, decision.reason


def plans(*allowances: Allowance) -> Held:
    """One product line for each."""
    return Held([holding(f"line{n}", {"seats": each}) for n, each in enumerate(allowances)])


def test_without_a_plan_and_in_a_plan_that_says_nothing_it_is_refused_for_different_reasons() -> (
    None
):
    assert told(asked(Held(), SWITCH)) == (False, "no_plan")
    assert told(asked(Held([holding("app", {})]), SWITCH)) == (False, "not_in_plan")


def test_a_switch_is_as_the_plan_says() -> None:
    assert told(asked(plans(on()), SWITCH)) == (True, "included")
    assert told(asked(plans(Allowance(is_on=False)), SWITCH)) == (False, "switched_off")


@pytest.mark.parametrize(
    ("limit", "quantity", "expected"),
    [
        (5, 5, (True, "included")),
        (5, 6, (False, "limit_reached")),
        (5, None, (True, "included")),
        (0, None, (False, "limit_reached")),
        (0, 0, (True, "included")),
        (None, 1_000_000, (True, "included")),
    ],
)
def test_a_limit_is_compared_with_how_many_there_would_be(
    limit: int | None, quantity: int | None, expected: tuple[bool, str]
) -> None:
    assert told(asked(plans(most(limit)), LIMIT, quantity)) == expected


@pytest.mark.parametrize(
    ("used", "quantity", "expected"),
    [
        (0, 10, (True, "included")),
        (9, 1, (True, "included")),
        (9, 2, (False, "quota_exhausted")),
        (9, None, (True, "included")),
        (10, None, (False, "quota_exhausted")),
        (12, 0, (False, "quota_exhausted")),
        (0, 11, (False, "limit_reached")),
    ],
)
def test_a_quota_allows_what_is_left_of_it(
    used: int, quantity: int | None, expected: tuple[bool, str]
) -> None:
    held = plans(most(10, QuotaWindow.MONTH))

    assert told(asked(held, QUOTA, quantity, used)) == expected


@pytest.mark.parametrize(
    ("aggregation", "used", "quantity", "allowed"),
    [
        (Aggregation.COUNT, 9, 2, False),
        (Aggregation.UNIQUE, 9, 1, True),
        (Aggregation.MAX, 9, 10, True),
        (Aggregation.MAX, 11, 1, False),
        (Aggregation.LAST, 11, 3, True),
    ],
)
def test_what_more_would_make_of_it_is_as_the_meter_counts(
    aggregation: Aggregation, used: int, quantity: int, *, allowed: bool
) -> None:
    held = plans(most(10, QuotaWindow.MONTH))

    assert asked(held, QUOTA, quantity, used, aggregation).allowed is allowed


def test_of_several_plans_the_most_generous_counts_and_they_do_not_add_up() -> None:
    lines = plans(most(3), most(5), most(4))

    assert told(asked(lines, LIMIT, 5)) == (True, "included")
    assert told(asked(lines, LIMIT, 6)) == (False, "limit_reached")
    assert asked(plans(most(5), most(None)), LIMIT, 6).allowed
    assert asked(plans(Allowance(is_on=False), on()), SWITCH).allowed
    best = asked(lines, LIMIT, 5).standing
    assert best
    assert best.grant.holding
    assert best.grant.holding.version.plan_key == "line1_pro"


def test_an_override_wins_over_every_plan() -> None:
    generous = plans(most(None)).holdings

    def under(told_override: Override, kind: FeatureKind, quantity: int) -> tuple[bool, str]:
        return told(asked(Held(generous, {"seats": told_override}), kind, quantity))

    assert under(override(Mode.DENY), LIMIT, 1) == (False, "denied_by_override")
    assert under(override(Mode.LIMIT, 2), LIMIT, 2) == (True, "granted_by_override")
    assert under(override(Mode.LIMIT, 2), LIMIT, 3) == (False, "limit_reached")
    nothing = Held((), {"seats": override(Mode.GRANT)})
    assert told(asked(nothing, LIMIT, 10**9)) == (True, "granted_by_override")


def test_an_override_ends_at_its_instant_and_what_the_plan_says_counts_again() -> None:
    for expires_at, allowed in ((NOW + TICK, True), (NOW, False)):
        wide = override(Mode.GRANT, expires_at=expires_at)
        held = Held(plans(most(1)).holdings, {"seats": wide})
        assert asked(held, LIMIT, 2).allowed is allowed, expires_at


def test_an_override_of_a_quota_begins_anew_when_the_plans_does_unless_it_says_otherwise() -> None:
    def per(held: Held) -> QuotaWindow | None:
        [grant] = held.grants("seats", QUOTA, NOW)
        return grant.allowance.per

    yearly = plans(most(5, QuotaWindow.YEAR)).holdings
    assert per(Held(yearly, {"seats": override(Mode.LIMIT, 7)})) is QuotaWindow.YEAR
    daily = override(Mode.LIMIT, 7, per=QuotaWindow.DAY)
    assert per(Held(yearly, {"seats": daily})) is QuotaWindow.DAY
    assert per(Held((), {"seats": override(Mode.LIMIT, 7)})) is QuotaWindow.MONTH


def test_a_billing_period_of_an_override_is_the_plans_own() -> None:
    held = plans(most(5, QuotaWindow.BILLING_PERIOD))
    [grant] = Held(held.holdings, {"seats": override(Mode.LIMIT, 7)}).grants("seats", QUOTA, NOW)

    assert grant.allowance == Allowance(most=7 * MICRO, per=QuotaWindow.BILLING_PERIOD)
    assert grant.cycle == held.holdings[0].cycle


def test_an_assignment_that_can_be_read_holds_and_no_more_at_its_end() -> None:
    def holds(**times: Any) -> bool:
        return bool(Held([holding("app", {}, **times)]).active(NOW))

    assert holds(starts_at=NOW)
    # Somebody with a faster clock gave it, and it is there.
    assert holds(starts_at=NOW + TICK)
    assert holds(ends_at=NOW + TICK)
    assert not holds(ends_at=NOW)
    assert not holds(closed_at=NOW, ends_at=NOW + TICK)
    assert not holds(closed_at=NOW + TICK)


def test_the_reason_told_is_the_one_of_the_plan_that_gives_most() -> None:
    decision = asked(plans(Allowance(is_on=False), most(2)), LIMIT, 3)

    assert told(decision) == (False, Reason.LIMIT_REACHED)


@pytest.mark.parametrize(("text", "number"), [("5", 5 * MICRO), ("0.25", 250_000), ("1E+2", 10**8)])
def test_numbers_are_whole_millionths(text: str, number: int) -> None:
    assert millionths(Decimal(text)) == number
