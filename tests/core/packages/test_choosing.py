"""What may be taken of a package, and what a choice costs: part by part, to the unit."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import pricing
from core.packages import Choice, ChoiceRefused, Cost, Package, choose, cost
from tests.core.packages.shelf import USD, each, flat, package, part

OFFICE = package(
    part("seats", each("12"), quantity=5, at_least=2),
    part("setup", flat("20"), at_most=1),
    part("support", flat("99"), required=False, at_most=1),
    part("storage", each("0.50"), required=False, quantity=3, at_least=2),
    percent="10",
)


def taken(choice: Choice) -> dict[str, int]:
    return {each.part.key: each.quantity for each in choice.parts}


def told(costs: Cost) -> list[tuple[str, str | None, str | None]]:
    """Say what each part costs by itself, and here."""
    return [
        (
            each.chosen.part.key,
            each.alone.decimal if each.alone else None,
            each.amount.decimal if each.amount else None,
        )
        for each in costs.parts
    ]


def test_required_parts_are_taken_and_options_that_are_chosen() -> None:
    assert taken(choose(OFFICE, [], {})) == {"seats": 5, "setup": 1}
    chosen = choose(OFFICE, ["storage"], {"seats": 10, "storage": 2})
    assert taken(chosen) == {"seats": 10, "setup": 1, "storage": 2}


@pytest.mark.parametrize(
    ("options", "quantities", "problem"),
    [
        (["nothing"], {}, ("options.0", "must be an optional part of the package: support,")),
        (["storage", "storage"], {}, ("options.1", "must not be named twice")),
        ([], {"seats": 0}, ("quantities.seats", "must be at least 2: the part is required")),
        ([], {"seats": 1}, ("quantities.seats", "must be from 2 to 10")),
        ([], {"seats": 11}, ("quantities.seats", "must be from 2 to 10")),
        ([], {"desks": 1}, ("quantities.desks", "must be of a part of the package: seats, setup")),
        ([], {"storage": 2}, ("quantities.storage", "must be left out, or the part be named")),
        (["storage"], {"storage": 0}, ("quantities.storage", "must be from 2 to 10")),
    ],
)
def test_a_choice_that_the_package_does_not_allow_is_refused_by_field(
    options: list[str], quantities: dict[str, int], problem: tuple[str, str]
) -> None:
    with pytest.raises(ChoiceRefused) as refused:
        choose(OFFICE, options, quantities)

    [wrong] = refused.value.problems
    assert wrong["field"] == problem[0]
    assert wrong["problem"].startswith(problem[1])


def test_whatever_is_wrong_with_a_choice_is_told_at_once() -> None:
    with pytest.raises(ChoiceRefused) as refused:
        choose(OFFICE, ["nothing"], {"seats": 11, "desks": 1})

    fields = [each["field"] for each in refused.value.problems]
    assert fields == ["options.0", "quantities.seats", "quantities.desks"]


def costs(of: Package, *options: str, count: int = 1, **quantities: int) -> Cost:
    return cost(choose(of, options, quantities), "usd", USD, count)


def test_the_sum_of_the_parts_less_a_percentage() -> None:
    office = costs(OFFICE, "support", seats=2)

    assert told(office) == [
        ("seats", "24.00", "21.60"),
        ("setup", "20.00", "18.00"),
        ("support", "99.00", "89.10"),
    ]
    assert (office.discount.decimal, office.total.decimal) == ("14.30", "128.70")


def test_a_discount_is_rounded_once_and_shared_out_by_largest_remainder() -> None:
    parts = [part(key, flat("1")) for key in "abc"]
    thirds = costs(package(*parts, off="1"))

    assert told(thirds) == [("a", "1.00", "0.66"), ("b", "1.00", "0.67"), ("c", "1.00", "0.67")]
    assert (thirds.discount.decimal, thirds.total.decimal) == ("1.00", "2.00")


def test_no_more_is_off_than_there_is() -> None:
    cheap = costs(package(part("a", flat("3")), part("b", flat("0")), off="5"))

    assert told(cheap) == [("a", "3.00", "0.00"), ("b", "0.00", "0.00")]
    assert (cheap.discount.decimal, cheap.total.decimal) == ("3.00", "0.00")


def test_parts_that_cost_nothing_share_nothing() -> None:
    free = costs(package(part("a", flat("0")), percent="50"))

    assert (told(free), free.total.decimal) == ([("a", "0.00", "0.00")], "0.00")


def test_several_packages_are_so_many_of_each_part_and_of_the_amount_that_is_off() -> None:
    three = costs(package(part("a", each("4")), part("b", flat("6")), off="1"), count=3, a=2)

    assert told(three) == [("a", "24.00", "21.60"), ("b", "6.00", "5.40")]
    assert (three.discount.decimal, three.total.decimal) == ("3.00", "27.00")


def test_a_price_of_its_own_is_split_by_what_the_parts_cost_alone() -> None:
    own = package(
        part("a", flat("30")), part("b", flat("60")), part("c", flat("5"), required=False),
        own=each("70"),
    )  # fmt: skip

    assert told(costs(own)) == [("a", "30.00", "23.33"), ("b", "60.00", "46.67")]
    two = costs(own, "c", count=2)
    assert told(two) == [
        ("a", "30.00", "46.67"),
        ("b", "60.00", "93.33"),
        ("c", "5.00", "5.00"),
    ]
    assert (two.total.decimal, two.unsplit.decimal) == ("145.00", "0.00")
    assert two.own is not None
    assert two.own.explained == ["unit (each): 2 x 70 = 140, charged 140.00 USD"]


def test_a_price_of_its_own_stays_whole_where_a_part_has_none() -> None:
    own = package(
        part("a", flat("30")), part("b"), part("c", required=False),
        part("d", flat("5"), required=False), own=flat("70"),
    )  # fmt: skip
    whole = costs(own, "c", "d")

    assert told(whole) == [
        ("a", "30.00", None), ("b", None, None), ("c", None, None), ("d", "5.00", "5.00"),
    ]  # fmt: skip
    assert (whole.unsplit.decimal, whole.total.decimal) == ("70.00", "75.00")


def test_a_price_that_says_nothing_of_so_many_refuses() -> None:
    few = package(part("a", {"model": "seats", "at_most": 3, "price": each("1")}))

    with pytest.raises(pricing.UsageRefused):
        costs(few, a=4)


# -- What is true of every package ----------------------------------------------------------------


@st.composite
def packages(draw: st.DrawFn) -> Package:
    figure = st.integers(0, 50_000).map(lambda n: f"{Decimal(n).scaleb(-3):f}")
    price: st.SearchStrategy[Any] = st.one_of(figure.map(flat), figure.map(each))
    parts = [
        part(key, draw(price), required=n == 0 or draw(st.booleans()))
        for n, key in enumerate("abcde"[: draw(st.integers(1, 5))])
    ]
    kind = draw(st.sampled_from(["own", "percent", "off", "none"]))
    if kind == "own":
        return package(*parts, own=draw(price))
    if kind == "percent":
        return package(*parts, percent=str(draw(st.integers(1, 100))))
    return package(*parts, off=f"{draw(st.integers(1, 20_000)) / 100:.2f}" if kind == "off" else "")


@given(packages(), st.integers(1, 9), st.data())
def test_the_parts_and_what_is_unsplit_add_up_to_the_total(
    made: Package, count: int, data: st.DataObject
) -> None:
    optional = [each.key for each in made.terms.parts if not each.required]
    options = [key for key in optional if data.draw(st.booleans())]
    whole = costs(made, *options, count=count)

    amounts = [each.amount.amount for each in whole.parts if each.amount]
    assert sum(amounts) + whole.unsplit.amount == whole.total.amount
    assert min([*amounts, whole.total.amount]) >= 0
    if made.terms.prices is None:
        alone = sum(each.alone.amount for each in whole.parts if each.alone)
        assert alone - whole.discount.amount == whole.total.amount


@given(packages())
def test_a_share_of_the_discount_is_right_to_less_than_a_unit(made: Package) -> None:
    whole = costs(made)
    alone = [each.alone.amount if each.alone else 0 for each in whole.parts]
    if made.terms.prices is not None or not any(alone):
        return
    for each_alone, told_part in zip(alone, whole.parts, strict=True):
        assert told_part.amount is not None
        share = Fraction(whole.discount.amount * each_alone, sum(alone))
        assert abs(each_alone - told_part.amount.amount - share) < 1
