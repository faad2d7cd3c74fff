"""What is true of every price, whatever its figures and whatever was used."""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from core.kernel.money import LARGEST, Asset
from core.kernel.rounding import Rounding, to_units
from core.pricing import (
    Price,
    RoundingPolicy,
    RoundOn,
    Usage,
    rate,
    rate_further,
    read_price,
    write_price,
)
from tests.core.pricing.shop import transactions

Json = dict[str, Any]


def figures(places: int = 4, least: int = 0, most: int = 10**7) -> st.SearchStrategy[str]:
    return st.integers(least, most).map(lambda n: f"{Decimal(n).scaleb(-places):f}")


def ends() -> st.SearchStrategy[list[str]]:
    rising = st.lists(st.integers(1, 10**6), max_size=4, unique=True).map(sorted)
    return rising.map(lambda each: [f"{Decimal(n).scaleb(-2):f}" for n in each])


@st.composite
def tiers(draw: st.DrawFn, unit: str = "unit") -> list[Json]:
    prices: Callable[[], Json] = lambda: draw(  # noqa: E731
        st.fixed_dictionaries({unit: figures()}, optional={"flat": figures(2)})
    )
    return [{**prices(), "up_to": end} for end in draw(ends())] + [prices()]


def blocks() -> st.SearchStrategy[list[Json]]:
    tier = st.fixed_dictionaries(
        {"size": figures(2, 1, 10**5), "price": figures(), "max_blocks": st.integers(1, 50)}
    )
    return st.lists(tier, min_size=1, max_size=4)


def of(model: str, **members: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries({"model": st.just(model), **members})


RISING = [
    of("flat", amount=figures()),
    of("per_unit", unit=figures()),
    of("package", amount=figures(), size=figures(2, 1)),
    of("graduated", tiers=tiers()),
    of("graduated_percentage", tiers=tiers("percent")),
    of("percentage", percent=figures(), fixed=figures(2), free_volume=figures(2)),
    of("percentage", percent=figures(), minimum=figures(2, 0, 500), maximum=figures(2, 500)),
    of("blocks", tiers=blocks()),
]
OTHERS = [
    of("volume", tiers=tiers()),
    of("blocks", tiers=blocks(), policy=st.just("top_tier")),
]


@st.composite
def with_terms(draw: st.DrawFn, models: list[st.SearchStrategy[Json]]) -> Json:
    written = draw(st.one_of(models))
    if draw(st.booleans()):
        written["minimum_spend"] = draw(figures(2, 0, 10**5))
    if draw(st.booleans()):
        written["maximum_spend"] = draw(figures(2, 10**5))
    if draw(st.booleans()):
        factor = draw(figures(2, 100, 500))
        written["commitment"] = {"amount": draw(figures(2, 1)), "overage_factor": factor}
    return written


def rising() -> st.SearchStrategy[Price]:
    return with_terms(RISING).map(read_price)


def prices() -> st.SearchStrategy[Price]:
    return with_terms([*RISING, *OTHERS]).map(read_price)


QUANTITIES = st.integers(0, 10**9).map(lambda n: Decimal(n).scaleb(-3))
ASSETS = st.sampled_from([Asset("JPY", 0), Asset("USD", 2), Asset("USD", 6)])
POLICIES = st.builds(RoundingPolicy, st.sampled_from(RoundOn), st.sampled_from(Rounding))


@given(prices())
def test_what_is_written_is_read_as_the_same_price(price: Price) -> None:
    assert read_price(write_price(price)) == price


@given(prices(), QUANTITIES, ASSETS, POLICIES)
def test_the_lines_add_up_and_each_can_be_recomputed(
    price: Price, quantity: Decimal, asset: Asset, policy: RoundingPolicy
) -> None:
    rated = rate(price, quantity, asset, policy)

    assert sum(line.amount for line in rated.lines) == rated.total.amount
    for line in rated.lines:
        exact = Fraction(line.quantity) * Fraction(line.unit) + Fraction(line.flat)
        assert exact == Fraction(line.exact)
    assert rated == rate(price, quantity, asset, policy)
    assert len({line.path for line in rated.lines}) == len(rated.lines)


@given(prices(), QUANTITIES, ASSETS, st.sampled_from(Rounding))
def test_on_the_sum_the_sum_is_rounded_once_and_no_line_is_off_by_a_unit(
    price: Price, quantity: Decimal, asset: Asset, rule: Rounding
) -> None:
    rated = rate(price, quantity, asset, RoundingPolicy(RoundOn.SUM, rule))

    assert rated.total.amount == to_units(rated.exact, asset.scale, rule)
    for line in rated.lines:
        assert abs(Fraction(line.exact) * 10**asset.scale - line.amount) < 1


@given(rising(), QUANTITIES, QUANTITIES, ASSETS, POLICIES)
def test_more_never_costs_less_where_the_model_rises(
    price: Price, one: Decimal, other: Decimal, asset: Asset, policy: RoundingPolicy
) -> None:
    less, more = sorted((one, other))

    assert rate(price, less, asset, policy).total.amount <= (
        rate(price, more, asset, policy).total.amount
    )


@given(with_terms([*RISING, *OTHERS]), QUANTITIES, ASSETS, POLICIES)
def test_what_is_paid_lies_between_the_least_and_the_most(
    written: Json, quantity: Decimal, asset: Asset, policy: RoundingPolicy
) -> None:
    bounds = {"minimum_spend": "10", "maximum_spend": "20"}
    total = rate(read_price(written | bounds), quantity, asset, policy).total.amount

    assert 10 * 10**asset.scale <= total <= 20 * 10**asset.scale


@given(prices(), st.lists(QUANTITIES, min_size=1, max_size=5), ASSETS, POLICIES)
def test_splitting_a_period_never_changes_what_it_comes_to(
    price: Price, parts: list[Decimal], asset: Asset, policy: RoundingPolicy
) -> None:
    known, billed = Decimal(0), rate(price, Usage(Decimal(0), is_closed=False), asset, policy)
    amounts, by_path = [billed.total.amount], {line.path: line.amount for line in billed.lines}
    for n, part in enumerate(parts):
        total = Usage(known + part, is_closed=n + 1 == len(parts))
        more = rate_further(price, before=known, total=total, asset=asset, policy=policy)
        amounts.append(more.total.amount)
        assert sum(line.amount for line in more.lines) == more.total.amount
        for line in more.lines:
            by_path[line.path] = by_path.get(line.path, 0) + line.amount
        known += part
    whole = rate(price, known, asset, policy)

    assert sum(amounts) == whole.total.amount
    assert {path: n for path, n in by_path.items() if n} == {
        line.path: line.amount for line in whole.lines if line.amount
    }


@given(st.lists(QUANTITIES, min_size=1, max_size=5), figures(), st.sampled_from(RoundOn))
def test_windows_of_a_price_that_rises_evenly_cost_what_the_period_costs(
    parts: list[Decimal], unit: str, on: RoundOn
) -> None:
    written: Json = {"model": "per_unit", "unit": unit, "free_units": "3"}
    usage = Usage.of_windows(map(Usage, parts))
    policy = RoundingPolicy(on)
    asset = Asset("USD", 7)
    whole = rate(read_price(written), usage, asset, policy)
    by_window = rate(read_price(written | {"per": "window"}), usage, asset, policy)

    assert by_window.total == whole.total


@given(st.lists(figures(2), min_size=1, max_size=6), figures(), figures(2))
def test_transactions_without_bounds_cost_what_their_sum_costs(
    amounts: list[str], percent: str, fixed: str
) -> None:
    written: Json = {"model": "percentage", "percent": percent, "fixed": fixed}
    each = transactions(*amounts)
    unbounded = rate(read_price(written), each, Asset("USD", 6))
    bounded = rate(read_price(written | {"maximum": str(LARGEST)}), each, Asset("USD", 6))

    assert bounded.total == unbounded.total
