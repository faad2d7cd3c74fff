"""Items of a subscription: so many of a price, and the period each is billed for."""

from mcp_server.sandbox.errors import Refused
from mcp_server.sandbox.ids import new_id
from mcp_server.sandbox.params import Params
from mcp_server.sandbox.resources import prices
from mcp_server.sandbox.work import Json, Work, public

UNUSED = ("billing_thresholds", "current_trial", "discounts", "metadata", "plan", "tax_rates",
          "clear_usage")  # fmt: skip


def new(work: Work, price: Json, quantity: int | None, subscription: str, period: Json) -> Json:
    metered = price["recurring"]["usage_type"] == "metered"
    return {
        "id": new_id("si"),
        "object": "subscription_item",
        "billing_thresholds": None,
        "created": work.now,
        **period,
        "discounts": [],
        "metadata": {},
        "plan": _plan(price),
        "price": public(price),
        **({} if metered else {"quantity": 1 if quantity is None else quantity}),
        "subscription": subscription,
        "tax_rates": [],
    }


def with_price(item: Json, price: Json, quantity: int | None) -> Json:
    """Return the item with another price, or as many as that."""
    metered = price["recurring"]["usage_type"] == "metered"
    changed = {**item, "plan": _plan(price), "price": public(price)}
    changed.pop("quantity", None)
    return changed if metered else changed | {"quantity": quantity}


def price_of(work: Work, asked: Params) -> Json:
    """Return the price of a line, which must recur."""
    asked.ignore(*UNUSED)
    price = prices.of_line(work, asked)
    kept = work.get("price", price["id"])
    if kept["type"] != "recurring":
        raise Refused(
            "The price specified is set to `type=one_time` but this field only accepts prices "
            "with `type=recurring`.",
            param=asked.name("price"),
        )
    return kept


def require_alike(found: list[Json]) -> None:
    """Refuse prices that no one subscription could have: the sandbox bills all items together."""
    if len({each["currency"] for each in found}) > 1:
        raise Refused("All prices on a subscription must be in the same currency.", param="items")
    intervals = {
        (each["recurring"]["interval"], each["recurring"]["interval_count"]) for each in found
    }
    if len(intervals) > 1:
        raise Refused("The sandbox bills all items of a subscription together.", param="items")


def _plan(price: Json) -> Json:
    """Return the price in the words of before there were prices, which items still have."""
    recurring = price["recurring"]
    return {
        "id": price["id"],
        "object": "plan",
        "active": price["active"],
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "billing_scheme": price["billing_scheme"],
        "created": price["created"],
        "currency": price["currency"],
        "interval": recurring["interval"],
        "interval_count": recurring["interval_count"],
        "livemode": False,
        "metadata": price["metadata"],
        "meter": recurring["meter"],
        "nickname": price["nickname"],
        "product": price["product"],
        "tiers_mode": price["tiers_mode"],
        "transform_usage": None,
        "trial_period_days": recurring["trial_period_days"],
        "usage_type": recurring["usage_type"],
    }
