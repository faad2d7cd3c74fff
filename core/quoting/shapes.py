"""What is sent to quoting's operations, and what they answer."""

from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema

from core.kernel.money import Money
from core.operations.fields import AssetCode
from core.operations.operation import Request, Result
from core.pricing import Line, Rated, text
from core.quoting.usage_forms import Amounts, Count, Groups, Quantity, Windows

ASSET = "USD/2"
"""What is priced in where neither the question nor the price says so."""
HOW = (
    "As in a plan; numbers in quotes. flat: amount. per_unit: unit. package: amount, size. "
    "graduated, volume: tiers [{up_to, unit, flat}], the last without up_to. "
    "graduated_percentage: tiers [{up_to, percent, flat}]. "
    "percentage: percent, fixed, free_events, free_volume, minimum, maximum. "
    "blocks: tiers [{size, price, max_blocks}], policy. capacity: tiers [{up_to, price}]. "
    "seats: price, included, at_least, at_most. "
    "matrix: properties, cells [{when, price}], otherwise. credits: per_credit, price. "
    "All: free_units, commitment {quantity or amount, overage_factor, true_up}, minimum_spend, "
    "maximum_spend, per, currency."
)
Written = Annotated[dict[str, Any], WithJsonSchema({"type": "object", "required": ["model"]})]
"""A price as it is written. What is wrong with it is said by pricing, with the path."""


class PreviewPrice(Request):
    price: Written = Field(description=HOW)
    quantity: Quantity | None = Field(None, description="How much was used.")
    events: Count | None = Field(None, description="In how many transactions; 1 if left out.")
    amounts: Amounts | None = Field(
        None, description="Instead: each transaction, for percentage with free parts or bounds."
    )
    groups: Groups | None = Field(
        None, description="Instead, for matrix: [{properties, quantity}]."
    )
    windows: Windows | None = Field(
        None, description="Instead, where per is window: [{quantity}], or any of the above."
    )
    closed: bool = Field(default=True, description="False: more follows, so no minimum yet.")
    asset: AssetCode | None = Field(
        None, description="What is charged; default: the price's currency, or USD/2."
    )
    round_on: Literal["line", "sum"] = "line"
    rounding: Literal["half_up", "half_even", "up", "down"] = "half_up"


class PriceLine(Result):
    path: str
    """The part of the price that made it: `tiers.1`."""
    note: str
    quantity: str
    unit: str
    """The price of one, exact."""
    flat: str
    exact: str
    """quantity x unit + flat."""
    amount: str
    """What is charged for it, in whole units of the asset."""


class PricePreview(Result):
    asset: str
    lines: list[PriceLine]
    exact: str
    """Before rounding."""
    total: str
    """The sum of the lines' amounts."""


def line_view(line: Line, rated: Rated) -> PriceLine:
    return PriceLine(
        path=line.path,
        note=line.note,
        quantity=text(line.quantity),
        unit=text(line.unit),
        flat=text(line.flat),
        exact=text(line.exact),
        amount=Money(line.amount, rated.total.asset).decimal,
    )


def lines_view(rated: Rated) -> list[PriceLine]:
    return [line_view(each, rated) for each in rated.lines]
