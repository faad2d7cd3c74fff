"""Say what usage would cost by a price that somebody writes down: no plan, no project, no clock."""

from collections.abc import Mapping
from typing import Any

from core.kernel.money import Asset
from core.kernel.rounding import Rounding
from core.operations.errors import invalid
from core.pricing import (
    Price,
    PriceNotReadable,
    PriceRefused,
    RoundingPolicy,
    RoundOn,
    rate,
    read_price,
    text,
)
from core.quoting.shapes import ASSET, PreviewPrice, PricePreview, lines_view
from core.quoting.usage_forms import read_usage

CURRENCY = "currency"


def preview(request: PreviewPrice) -> PricePreview:
    """Rate what was asked. A refusal names the field that is wrong by its path in the request."""
    asset = Asset.parse(_asset(request))
    price = _price({name: each for name, each in request.price.items() if name != CURRENCY})
    usage = read_usage(request)
    policy = RoundingPolicy(RoundOn(request.round_on), Rounding(request.rounding))
    rated = rate(price, usage._replace(is_closed=request.closed), asset, policy)
    return PricePreview(
        asset=str(asset),
        lines=lines_view(rated),
        exact=text(rated.exact),
        total=rated.total.decimal,
    )


def _asset(request: PreviewPrice) -> str:
    """Return what is charged in: as asked, as the price says, or dollars. They do not differ."""
    told = request.price.get(CURRENCY)
    if told is None:
        return request.asset or ASSET
    try:
        asset = str(Asset.parse(told)) if isinstance(told, str) else ""
    except ValueError:
        asset = ""
    if not asset or asset != (request.asset or asset):
        what = "a code and a scale, as in USD/2" if not asset else f"the asset, {request.asset}"
        raise invalid(f"price.{CURRENCY}", f"must be {what}")
    return asset


def _price(written: Mapping[str, Any]) -> Price:
    try:
        return read_price(written)
    except PriceNotReadable as error:
        # What is wrong with the whole of it is said of `price` already.
        raise PriceNotReadable(
            [each | {"field": _within(each["field"])} for each in error.problems]
        ) from None
    except PriceRefused as error:
        error.field = _within(error.field)
        raise


def _within(field: str) -> str:
    return field if field == "price" else f"price.{field}"
