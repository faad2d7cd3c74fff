"""Which taxes are on a sale: what the operator wrote down, and what the law says of businesses."""

from datetime import date
from decimal import Decimal

import pytest

from core.taxing import Buyer, Decision, FixedRates, Rate, Rule, Sale, Seller, Treatment
from core.taxing.fixed import REVERSE_CHARGE

GERMAN, REDUCED = Rate("USt", Decimal(19)), Rate("USt", Decimal(7))
FRENCH = Rate("TVA", Decimal(20))
STATE, CITY = Rate("State", Decimal(6)), Rate("City", Decimal(2))
RATES = FixedRates(
    (
        Rule(country="DE", rates=(GERMAN,)),
        Rule(country="DE", category="books", rates=(REDUCED,)),
        Rule(country="FR", rates=(FRENCH,)),
        Rule(country="US", region="NY", rates=(STATE, CITY)),
        Rule(country="US", region="NY", category="books"),
    )
)
TODAY = date(2026, 11, 20)


def decide(buyer: Buyer, *categories: str | None, country: str = "DE") -> Decision:
    sold = categories or (None,)
    sale = Sale(seller=Seller(country=country), buyer=buyer, on=TODAY, categories=sold)
    return RATES.decide(sale)


def test_who_buys_at_home_pays_what_is_charged_at_home_and_books_are_another_matter() -> None:
    decision = decide(Buyer(country="DE"), None, "books", "games")

    assert decision == Decision(
        Treatment.TAXED, {None: (GERMAN,), "books": (REDUCED,), "games": (GERMAN,)}
    )
    assert decision.of("books") == (REDUCED,)
    assert decision.of("unheard") == ()


def test_who_has_not_said_where_they_are_is_at_home() -> None:
    assert decide(Buyer()).of(None) == (GERMAN,)


@pytest.mark.parametrize(
    ("country", "rates"),
    [("FR", (FRENCH,)), ("AT", (GERMAN,)), ("CH", ())],
    ids=["with a rule", "a member state without one", "outside of the Union"],
)
def test_who_buys_for_themselves_is_taxed_where_they_are(
    country: str, rates: tuple[Rate, ...]
) -> None:
    assert decide(Buyer(country=country)).of(None) == rates


def test_outside_of_the_union_nothing_is_charged_without_a_rule() -> None:
    assert decide(Buyer(country="CH")) == Decision(Treatment.NOT_TAXED, {None: ()})


def test_a_region_goes_before_its_country_and_may_say_that_nothing_is_charged() -> None:
    buyer = Buyer(country="US", region="NY")

    assert decide(buyer, None, "books").rates == {None: (STATE, CITY), "books": ()}
    assert decide(Buyer(country="US", region="OR")).treatment is Treatment.NOT_TAXED


def test_a_business_in_another_member_state_owes_the_tax_itself() -> None:
    business = Buyer(country="FR", vat_id="FR40303265045")

    assert decide(business) == Decision(Treatment.REVERSE_CHARGE, note=REVERSE_CHARGE)


@pytest.mark.parametrize(
    ("buyer", "country"),
    [
        (Buyer(country="DE", vat_id="DE136695976"), "DE"),
        (Buyer(country="FR", vat_id="FR40303265046"), "DE"),
        (Buyer(country="FR", vat_id="not one"), "DE"),
        (Buyer(country="FR", vat_id="FR40303265045"), "CH"),
    ],
    ids=["at home", "a wrong digit", "no id", "a seller outside of the Union"],
)
def test_nobody_else_does(buyer: Buyer, country: str) -> None:
    assert decide(buyer, country=country).treatment is Treatment.TAXED


def test_who_is_exempt_pays_none() -> None:
    assert decide(Buyer(country="DE", is_exempt=True)) == Decision(Treatment.EXEMPT)


def test_a_rate_holds_from_its_first_day_to_the_day_before_it_ends() -> None:
    lowered = Rate("USt", Decimal(16))
    rates = FixedRates(
        (
            Rule(country="DE", rates=(GERMAN,)),
            Rule(country="DE", rates=(lowered,), since=date(2020, 7, 1), until=date(2021, 1, 1)),
        )
    )

    def on(day: date) -> tuple[Rate, ...]:
        return rates.decide(Sale(seller=Seller(country="DE"), buyer=Buyer(), on=day)).of(None)

    assert on(date(2020, 6, 30)) == on(date(2021, 1, 1)) == (GERMAN,)
    assert on(date(2020, 7, 1)) == on(date(2020, 12, 31)) == (lowered,)


@pytest.mark.parametrize("percent", ["0", "-1", "100.01"])
def test_a_rate_is_something_and_not_more_than_everything(percent: str) -> None:
    with pytest.raises(ValueError, match="a rate is above 0 and up to 100 percent"):
        Rate("VAT", Decimal(percent))
