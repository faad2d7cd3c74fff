"""What is billed in parts adds up to what the whole costs, tier by tier."""

from decimal import Decimal

from core.pricing import ON_SUM, Price, Usage, rate_further
from tests.core.pricing.shop import USD, group, price, transactions

TIERS = [{"up_to": "10", "unit": "2", "flat": "5"}, {"up_to": "20", "unit": "1.5"}, {"unit": "1"}]
Told = dict[str, tuple[str, str]]


def further(price: Price, before: str | Usage, total: str | Usage) -> Told:
    """The lines of an invoice that follows another: quantity and amount."""
    told = rate_further(
        price,
        before=Decimal(before) if isinstance(before, str) else before,
        total=Decimal(total) if isinstance(total, str) else total,
        asset=USD,
    )
    assert sum(line.amount for line in told.lines) == told.total.amount
    return {
        line.path: (str(line.quantity), f"{Decimal(line.amount).scaleb(-2):.2f}")
        for line in told.lines
    }


def test_a_tier_that_was_billed_in_part_is_billed_for_the_rest() -> None:
    graduated = price("graduated", tiers=TIERS)

    # The first tier's flat amount was due with the first unit, and is not due again.
    assert further(graduated, "4", "12") == {"tiers.0": ("6", "12.00"), "tiers.1": ("2", "3.00")}
    assert further(graduated, "12", "25") == {"tiers.1": ("8", "12.00"), "tiers.2": ("5", "5.00")}
    assert further(graduated, "12", "12") == {}


def test_a_correction_gives_back_what_was_billed_too_much() -> None:
    assert further(price("graduated", tiers=TIERS), "12", "9") == {
        "tiers.0": ("-1", "-2.00"),
        "tiers.1": ("-2", "-3.00"),
    }


def test_a_volume_price_that_reaches_its_next_tier_gives_back_the_one_before() -> None:
    assert further(price("volume", tiers=TIERS), "10", "15") == {
        "tiers.1": ("15", "22.50"),
        "tiers.0": ("-10", "-25.00"),
    }


def test_what_falls_due_at_the_end_is_on_the_last_invoice_alone() -> None:
    least = price("per_unit", unit="2", minimum_spend="50")
    halfway = Usage(Decimal(10), is_closed=False)

    assert further(least, "0", halfway) == {"unit": ("10", "20.00")}
    assert further(least, "10", "12") == {"unit": ("2", "4.00"), "minimum_spend": ("0", "26.00")}


def test_a_most_that_was_reached_stays_reached() -> None:
    most = price("per_unit", unit="2", maximum_spend="50")

    assert further(most, "20", "30") == {"unit": ("10", "20.00"), "maximum_spend": ("0", "-10.00")}
    assert further(most, "30", "40") == {"unit": ("10", "20.00"), "maximum_spend": ("0", "-20.00")}


def test_transactions_and_groups_are_split_like_quantities() -> None:
    percentage = price("percentage", percent="1", free_events=1, minimum="2")
    matrix = price(
        "matrix", properties=["region"], cells=[], otherwise={"model": "graduated", "tiers": TIERS}
    )
    before, after = ([group(each, region="eu") for each in told] for told in (["8"], ["8", "4"]))

    assert further(percentage, transactions("100"), transactions("100", "50", "900")) == {
        "percent": ("950", "9.50"),
        "minimum": ("0", "1.50"),
    }
    assert further(matrix, Usage.of_groups(before), Usage.of_groups(after)) == {
        "otherwise.tiers.0": ("2", "4.00"),
        "otherwise.tiers.1": ("2", "3.00"),
    }


def test_a_cent_that_was_rounded_away_comes_back_with_the_next_part() -> None:
    third = price("per_unit", unit="0.00333")
    told = [
        rate_further(
            third, before=Decimal(n), total=Decimal(n + 1), asset=USD, policy=ON_SUM
        ).total.amount
        for n in range(6)
    ]

    assert told == [0, 1, 0, 0, 1, 0]
