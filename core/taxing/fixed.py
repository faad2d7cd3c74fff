"""Fixed rates: the operator writes down which taxes there are, and where they hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from core.taxing.calculating import Decision, Sale, Treatment
from core.taxing.rates import Rate
from core.taxing.vat_ids import MEMBER_STATES, member_state_of

REVERSE_CHARGE = "Reverse charge: the customer accounts for the tax (2006/112/EC, article 196)."


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What is charged in a country. One of a region, or of a category, goes before one without."""

    country: str
    region: str | None = None
    category: str | None = None
    rates: tuple[Rate, ...] = ()
    """None of them says that nothing is charged, which is more than to say nothing."""
    since: date | None = None
    until: date | None = None
    """The first day on which it holds no more."""

    def holds(self, sale: Sale, country: str, region: str | None, category: str | None) -> bool:
        begun = self.since is None or self.since <= sale.on
        over = self.until is not None and self.until <= sale.on
        return (
            (begun and not over)
            and self.country == country
            and self.region in {None, region}
            and self.category in {None, category}
        )


@dataclass(frozen=True, slots=True)
class FixedRates:
    """A TaxCalculator that knows what it was given, and nothing else."""

    rules: tuple[Rule, ...] = ()

    def decide(self, sale: Sale) -> Decision:
        """Exempt buyers first, then buyers that owe the tax themselves, then where they are."""
        if sale.buyer.is_exempt:
            return Decision(Treatment.EXEMPT)
        if is_reverse_charge(sale):
            return Decision(Treatment.REVERSE_CHARGE, note=REVERSE_CHARGE)
        country, region = self._place(sale)
        rates = {each: self._rates(sale, country, region, each) for each in sale.categories}
        taxed = any(rates.values())
        return Decision(Treatment.TAXED if taxed else Treatment.NOT_TAXED, rates)

    def _place(self, sale: Sale) -> tuple[str, str | None]:
        """Return where the sale is taxed."""
        buyer, seller = sale.buyer, sale.seller
        at_home = seller.country, seller.region
        if buyer.country is None:
            return at_home
        if buyer.country == seller.country:
            return buyer.country, buyer.region
        both = {buyer.country, seller.country} <= MEMBER_STATES
        if both and not any(each.country == buyer.country for each in self.rules):
            return at_home
        return buyer.country, buyer.region

    def _rates(
        self, sale: Sale, country: str, region: str | None, category: str | None
    ) -> tuple[Rate, ...]:
        held = [each for each in self.rules if each.holds(sale, country, region, category)]
        return _most_particular(held).rates if held else ()


def is_reverse_charge(sale: Sale) -> bool:
    """Tell whether a business in another member state buys, and so owes the tax itself."""
    if sale.buyer.vat_id is None or sale.seller.country not in MEMBER_STATES:
        return False
    state = member_state_of(sale.buyer.vat_id)
    return state is not None and state != sale.seller.country


def _most_particular(rules: Sequence[Rule]) -> Rule:
    """Of two that say equally much, the later one counts: it was added to the former."""
    ranked = enumerate(rules)
    return max(ranked, key=lambda n: (n[1].region is not None, n[1].category is not None, n[0]))[1]
