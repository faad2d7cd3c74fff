"""Why a price, or the usage it is asked about, is refused. Each names the field that is wrong."""

from dataclasses import dataclass

from core.kernel.errors import EngineError, Kind


@dataclass(eq=False)
class PriceNotReadable(EngineError):
    """The price is not written as a price is: {summary}."""

    code = "price_not_readable"
    kind = Kind.INVALID
    problems: list[dict[str, str]]
    """One `{"field": …, "problem": …}` for each thing that is wrong, never with its value."""

    @property
    def summary(self) -> str:
        return "; ".join(f"{each['field']}: {each['problem']}" for each in self.problems)

    def __str__(self) -> str:
        return f"The price is not written as a price is: {self.summary}."


@dataclass(eq=False)
class PriceRefused(EngineError):
    """Something about {field} is wrong. Subclasses say what, and what would be right."""

    code = "price_refused"
    kind = Kind.INVALID
    field: str


@dataclass(eq=False)
class TiersMissing(PriceRefused):
    """{field} is empty: give at least one tier."""

    code = "tiers_missing"


@dataclass(eq=False)
class TiersUnordered(PriceRefused):
    """{field} must be greater than {after}: each tier begins where the one before it ends."""

    code = "tiers_unordered"
    after: str


@dataclass(eq=False)
class TierNotOpen(PriceRefused):
    """{field} must be null: the last tier has no end, so that every quantity has a price."""

    code = "tier_not_open"


@dataclass(eq=False)
class TierOpenTooEarly(PriceRefused):
    """{field} is missing: only the last tier has no end."""

    code = "tier_open_too_early"


@dataclass(eq=False)
class TierWithoutPrice(PriceRefused):
    """{field} has no price: give it a price for each, a flat amount, or both; zero is a price."""

    code = "tier_without_price"


@dataclass(eq=False)
class BelowLeast(PriceRefused):
    """{field} must not be less than {least}."""

    code = "price_too_low"
    least: str


@dataclass(eq=False)
class NotPositive(PriceRefused):
    """{field} must be greater than zero."""

    code = "price_not_positive"


@dataclass(eq=False)
class TermNotForModel(PriceRefused):
    """{field} says nothing of a {model} price. Leave it out."""

    code = "term_not_for_model"
    model: str


@dataclass(eq=False)
class CommitmentUnclear(PriceRefused):
    """{field} is of a quantity or of an amount: give one of the two."""

    code = "commitment_unclear"


@dataclass(eq=False)
class PropertiesUnclear(PriceRefused):
    """{field} must name at least one property, and each once."""

    code = "properties_unclear"


@dataclass(eq=False)
class CellUnclear(PriceRefused):
    """{field} must give a value to each of these properties, and to no other: {properties}."""

    code = "cell_unclear"
    properties: list[str]


@dataclass(eq=False)
class CellRepeated(PriceRefused):
    """{field} is the same as that of an earlier cell. Each combination has one price."""

    code = "cell_repeated"


@dataclass(eq=False)
class UsageRefused(EngineError):
    """Something about {field} is wrong. Subclasses say what, and what would be right."""

    code = "usage_refused"
    kind = Kind.INVALID
    field: str


@dataclass(eq=False)
class QuantityNegative(UsageRefused):
    """{field} must not be below zero: a {model} price says nothing of less than nothing."""

    code = "quantity_negative"
    model: str


@dataclass(eq=False)
class QuantityNotWhole(UsageRefused):
    """{field} must be a whole number: a {model} price counts whole ones."""

    code = "quantity_not_whole"
    model: str


@dataclass(eq=False)
class QuantityNotNumber(UsageRefused):
    """{field} must be a number, and less than 10 to the power of 28."""

    code = "quantity_not_number"


@dataclass(eq=False)
class QuantityTooLarge(UsageRefused):
    """{field} must not be more than {most}: the price says nothing of more."""

    code = "quantity_too_large"
    most: str


@dataclass(eq=False)
class QuantityTooFine(UsageRefused):
    """{field} and the price have more digits together than can be multiplied exactly."""

    code = "quantity_too_fine"


@dataclass(eq=False)
class AmountTooLarge(UsageRefused):
    """The price of this {field} is more than {asset} can count."""

    code = "total_too_large"
    asset: str


@dataclass(eq=False)
class TransactionsMissing(UsageRefused):
    """{field} is missing: this price looks at every transaction, so give the amount of each."""

    code = "transactions_missing"


@dataclass(eq=False)
class WindowsMissing(UsageRefused):
    """{field} is missing: this price has terms for each window, so give the usage of each."""

    code = "windows_missing"


@dataclass(eq=False)
class GroupsMissing(UsageRefused):
    """{field} is missing: this price depends on {properties}, so give the usage of each group."""

    code = "groups_missing"
    properties: list[str]


@dataclass(eq=False)
class NoPriceForGroup(UsageRefused):
    """{field} has no price: no cell is for {properties}. Add one, or a price for all others."""

    code = "no_price_for_group"
    properties: dict[str, str]
