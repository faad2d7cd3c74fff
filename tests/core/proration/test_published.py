"""A change costs what others have published that it costs; nobody here wrote the figures."""

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from core import pricing
from core.kernel.money import Money
from core.kernel.period import Period
from core.proration import (
    MONTHLY,
    QUARTERLY,
    WEEKLY,
    YEARLY,
    AmountOff,
    Behaviour,
    BillingPeriod,
    By,
    Interval,
    Item,
    Owner,
    PercentOff,
    Policy,
    Prorated,
    Settings,
    Tax,
    Terms,
    begin_plan,
    calendar_cycle,
    change_plan,
    cycle_on_day,
    direction_of,
    due_in_advance,
    end_plan,
    part_between,
    part_left,
    priced,
)
from tests.core.proration.shop import HALF, USD, UTC, at, between, cycle, period

Case = dict[str, Any]
CASES: list[Case] = json.loads(
    Path(__file__).with_name("cases").joinpath("published.json").read_text("utf-8")
)
INTERVALS = {"month": MONTHLY, "monthly": MONTHLY, "quarterly": QUARTERLY, "year": YEARLY}
BY_DAY = Settings(By.DAY)
JUNE = period("2025-06-01")
MID_JUNE = at("2025-06-16")


def cents(amount: int) -> Decimal:
    return Decimal(amount).scaleb(-2)


def plan(amount: str | Decimal, interval: Interval = MONTHLY, **more: Any) -> Terms:
    items = (Item(key="plan", amount=Decimal(amount)),)
    return Terms(asset=USD, interval=interval, items=items, **more)


def signed(prorated: Prorated) -> tuple[int, int]:
    """What is given back, and what is charged, in cents."""
    assert prorated.net.amount == prorated.credit.amount + prorated.charge.amount
    return -prorated.credit.amount, prorated.charge.amount


def check_cycles(given: Case, expected: Case) -> None:
    start = at(given["start"])
    interval = INTERVALS[given["billing_period"]]
    bills = cycle_on_day(interval, given["bill_cycle_day"], start, UTC)
    # A plan that goes on is looked at far beyond what is asked for.
    end = at(given["end"]) if given["end"] else at("2030-01-01")
    due = due_in_advance(bills, Period(start, end), at(given["target"]), BY_DAY)
    cycles = sum((each.part for each in due), Fraction(0))
    assert cycles == Fraction(expected["cycles_fraction"])
    assert round(Decimal(cycles.numerator) / cycles.denominator, 9) == Decimal(expected["cycles"])


def check_fixed_30(given: Case, expected: Case) -> None:
    whole, part = _of_the_fifteenth(given)
    share = part_between(whole, part, Settings(By.DAY_OF_30))
    shown = Decimal(share.numerator) / share.denominator
    assert round(shown, 9) == Decimal(expected["factor"])


def check_fixed_30_amount(given: Case, expected: Case) -> None:
    whole, part = _of_the_fifteenth(given)
    price, by = plan(given["price"]), Policy(by=By.DAY_OF_30)
    charged = begin_plan(price, whole, part.start_at, by).total
    given_back = end_plan(price, whole, part.end_at, by).total
    assert charged.amount + given_back.amount == Money.of(expected["amount"], USD).amount


def _of_the_fifteenth(given: Case) -> tuple[BillingPeriod, Period]:
    """What is asked for, and the period it is in: all of them begin on the fifteenth."""
    assert given["days_in_month"] == 30
    part = Period(at(given["from"]), at(given["to"]))
    return cycle("2023-01-15").period_at(part.start_at), part


def check_first_of_calendar(given: Case, expected: Case) -> None:
    start = at(given["start"])
    month = calendar_cycle(INTERVALS[given["interval"]], start, UTC).period(0)
    prorated = begin_plan(plan(given["price"]), month, start, Policy(by=By.DAY))
    assert prorated.lines[0].part == Fraction(expected["days"], expected["of"])
    assert prorated.total == Money.of(expected["amount"], USD)


def check_first_aligned(given: Case, expected: Case) -> None:
    start = at(given["subscribe_on"])
    bills = cycle_on_day(MONTHLY, given["bill_cycle_day"], start, UTC)
    whole = bills.period_at(start)
    assert [start, whole.end_at] == [at(each) for each in expected["covers"]]
    assert whole.end_at == at(given["next_bill_date"])
    prorated = begin_plan(plan(given["price"]), whole, start, Policy(by=By.DAY))
    assert prorated.total == Money.of(expected["first_invoice"], USD)


def check_plan_change(given: Case, expected: Case) -> None:
    old, new = plan(given["old_price"]), plan(given["new_price"])
    whole, changed_at = _span(given)
    prorated = change_plan(old, new, period=whole, at=changed_at, policy=Policy(by=By.DAY)).prorated
    if "lines" in expected:
        assert list(prorated.lines) == expected["lines"]
    else:
        assert prorated.credit == Money.of(expected["credit"], USD)
        assert prorated.charge == Money.of(expected["charge"], USD)
    assert prorated.total == Money.of(expected["net"], USD)


def _span(given: Case) -> tuple[BillingPeriod, Any]:
    """A period and an instant in it, as told, or so long that the figures come out."""
    if "period" in given:
        return between(*given["period"]), at(given["change_on"])
    left, total = given["units_remaining"], given["units_total"]
    if total > 10**6:
        # Seconds, of which a day has many.
        left, total = left // 86_400, total // 86_400
    start = at("2025-01-01")
    end = start + timedelta(days=total)
    return BillingPeriod(start, end, MONTHLY, UTC), end - timedelta(days=left)


def check_plan_change_cents(given: Case, expected: Case) -> None:
    if "fraction_remaining" in given:
        whole, changed_at = JUNE, MID_JUNE
        assert part_left(JUNE, MID_JUNE, Settings()) == Fraction(given["fraction_remaining"])
    else:
        whole = period(given["period_start"], INTERVALS[given["old"]["interval"]])
        changed_at = at(given["change_at"])
    old, new = (
        plan(cents(each["amount_cents"]), INTERVALS[each.get("interval", "month")])
        for each in (given["old"], given["new"])
    )
    changed = change_plan(old, new, period=whole, at=changed_at)
    if "entries" in expected:
        [only] = changed.prorated.lines
        [entry] = expected["entries"]
        assert (only.kind, -only.amount.amount) == (entry["direction"], entry["cents"])
    else:
        told = expected["credit_cents"], expected["debit_cents"]
        assert signed(changed.prorated) == told
    # Where the interval changes, a cycle begins with the change.
    anchors = changed.begins and changed.begins.anchor_at
    assert anchors == (changed_at if old.interval != new.interval else None)


def check_components(given: Case, expected: Case) -> None:
    if "added_annual" in given:
        # Thirty days of a year of 365, in a cycle of months.
        yearly = Item(key="yearly", amount=Decimal(given["added_annual"]), interval=YEARLY)
        assert given["period_days"] == given["days_remaining"] == 30
        old, new = plan("10"), Terms(asset=USD, interval=MONTHLY, items=(*plan("10").items, yearly))
        changed = change_plan(old, new, period=JUNE, at=JUNE.start_at)
    else:
        [[before, after]] = given["matched"]
        old = _components(matched=before, gone=given["removed"][0])
        new = _components(matched=after, more=given["added"][0])
        whole, changed_at = _span(given)
        changed = change_plan(old, new, period=whole, at=changed_at)
        assert [line.amount.decimal for line in changed.prorated.lines] == expected["lines"]
    assert changed.prorated.total == Money.of(expected["net"], USD)


def _components(**amounts: str) -> Terms:
    items = tuple(Item(key=key, amount=Decimal(amount)) for key, amount in amounts.items())
    return Terms(asset=USD, interval=MONTHLY, items=items)


def check_discount(given: Case, expected: Case) -> None:
    assert Fraction(given["fraction_remaining"]) == HALF
    old, new = (
        plan(
            cents(each["amount_cents"]),
            discounts=(PercentOff(Decimal(each["discount"]["pct"])),) if each["discount"] else (),
        )
        for each in (given["old"], given["new"])
    )
    changed = change_plan(old, new, period=JUNE, at=MID_JUNE)
    assert signed(changed.prorated) == (expected["credit_cents"], expected["debit_cents"])


def check_discount_split(given: Case, expected: Case) -> None:
    assert Fraction(given["fraction_remaining"]) == HALF
    off = (AmountOff(cents(given["discount_fixed_cents"])),)
    old, new = (
        Terms(
            asset=USD,
            interval=MONTHLY,
            items=tuple(Item(key=key, amount=cents(each)) for key, each in given[which].items()),
            discounts=off,
        )
        for which in ("old", "new")
    )
    lines = change_plan(old, new, period=JUNE, at=MID_JUNE).prorated.lines
    by = {(line.kind.value, line.item): abs(line.amount.amount) for line in lines}
    assert by == {("credit", key): amount for key, amount in expected["credit"].items()} | {
        ("charge", key): amount for key, amount in expected["debit"].items()
    }


def check_reset(given: Case, expected: Case) -> None:
    old, new = plan(cents(given["old_cents"])), plan(cents(given["new_cents"]))
    reset = Policy(behaviour=Behaviour(given["behavior"]))
    changed = change_plan(
        old, new, period=between(*given["period"]), at=at(given["change_at"]), policy=reset
    )
    [only] = changed.prorated.lines
    [entry] = expected["entries"]
    assert (only.kind, only.amount.amount) == ("charge", entry["cents"])
    assert changed.begins is not None
    assert changed.begins.period(0) == between(*expected["new_period"])
    assert changed.begins.anchor_at.day == expected["anchor_day"]


def check_seats(given: Case, expected: Case) -> None:
    assert Fraction(given["fraction_remaining"]) == HALF
    per_seat = pricing.read_price(
        {"model": "per_unit", "unit": f"{cents(given['price_per_seat_cents'])}"}
    )
    old, new = (
        Terms(
            asset=USD,
            interval=MONTHLY,
            items=(priced("seats", pricing.rate(per_seat, Decimal(given[which]), USD)),),
        )
        for which in ("from", "to")
    )
    changed = change_plan(old, new, period=JUNE, at=MID_JUNE)
    assert expected["direction"] == "debit"
    assert changed.prorated.total.amount == expected["amount_cents"]
    assert [line.kind for line in changed.prorated.lines] == ["credit", "charge"]


def check_direction(given: Case, expected: Case) -> None:
    old, new = (
        plan(amount, INTERVALS[interval])
        for amount, interval in (given[which].split("/") for which in ("from", "to"))
    )
    assert direction_of(old, new) == expected["direction"]


def check_same_day_termination(given: Case, expected: Case) -> None:
    days = given["period_days"]
    whole = {30: JUNE, 7: period("2025-06-01", WEEKLY)}[days]
    assert given["days_used"] == 1
    paid = plan(
        cents(given["paid_in_advance_cents"]),
        whole.interval,
        taxes=(Tax("VAT", Decimal(given["tax_pct"])),),
    )
    # The day of termination was used, and is paid for.
    inclusive = Policy(by=By.DAY, change_is_of=Owner.OLD)
    note = end_plan(paid, whole, at("2025-06-01 10:00"), inclusive)
    assert -note.net.amount == expected["net_cents"]
    assert -note.tax.amount == expected["tax_cents"]
    assert -note.total.amount == expected["total_cents"]


CHECKS: dict[str, Callable[[Case, Case], None]] = {
    "change_direction": check_direction,
    "credit_note_on_same_day_termination_cents": check_same_day_termination,
    "first_period_proration": check_first_of_calendar,
    "first_period_proration_amount": check_first_aligned,
    "plan_change_proration": check_plan_change,
    "plan_change_proration_cents": check_plan_change_cents,
    "plan_change_proration_components": check_components,
    "plan_change_proration_discount_cents": check_discount,
    "plan_change_proration_discount_split_cents": check_discount_split,
    "plan_change_reset_cents": check_reset,
    "proration_cycles_in_advance": check_cycles,
    "proration_fixed_30_day": check_fixed_30,
    "proration_fixed_30_day_amount": check_fixed_30_amount,
    "seat_change_proration_cents": check_seats,
}


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_a_change_comes_to_the_published_figure(case: Case) -> None:
    CHECKS[case["kind"]](case["input"], case["expected"])


def test_every_published_case_has_a_source_and_an_id_of_its_own() -> None:
    assert all(case["source"] for case in CASES)
    assert len({case["id"] for case in CASES}) == len(CASES) == 49
