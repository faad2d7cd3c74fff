"""Amounts that may be finer than the smallest unit, and the tiers of a price, as Stripe keeps them.

An amount is kept twice: whole if it is whole, and as a decimal in any case.
"""

from decimal import Decimal, InvalidOperation

from mcp_server.sandbox.errors import Refused, absent
from mcp_server.sandbox.params import Params
from mcp_server.sandbox.work import Json

DECIMALS_MAX = 12


def amounts(asked: Params, name: str) -> tuple[int | None, str | None]:
    """Return the whole amount, if it is whole, and the exact one; of either, as it was given."""
    whole, exact = asked.integer(name), asked.text(f"{name}_decimal")
    if whole is not None and exact is not None:
        raise Refused(
            f"You may only specify one of these parameters: {name}, {name}_decimal.",
            param=asked.name(name),
        )
    if whole is None and exact is None:
        return None, None
    param = asked.name(name if exact is None else f"{name}_decimal")
    try:
        value = Decimal(exact if exact is not None else whole or 0)
    except InvalidOperation as error:
        raise Refused(f"Invalid decimal: {exact}", param=param) from error
    if not value.is_finite() or value < 0:
        raise Refused("Invalid non-negative integer", param=param)
    value = value.normalize()
    if -int(value.as_tuple().exponent) > DECIMALS_MAX:
        raise Refused(f"Invalid decimal: at most {DECIMALS_MAX} decimal places", param=param)
    is_whole = value == value.to_integral_value()
    return (int(value) if is_whole else None), format(value, "f")


def tiers_of(asked: Params, *, is_recurring: bool) -> list[Json]:
    """Read the tiers, and refuse what no price could be computed by."""
    parts = asked.parts("tiers")
    is_tiered = asked.choice("billing_scheme", "per_unit", "tiered") == "tiered"
    if bool(parts) != is_tiered:
        raise Refused("`tiers` and `billing_scheme=tiered` require each other.", param="tiers")
    if not parts:
        return []
    if not is_recurring:
        raise Refused("`tiers` can only be used with recurring prices.", param="tiers")
    if not asked.given("tiers_mode"):
        raise absent("tiers_mode")
    tiers = [_tier(each) for each in parts]
    _require_order(tiers)
    return tiers


def _require_order(tiers: list[Json]) -> None:
    reached = 0
    for n, tier in enumerate(tiers):
        is_last = n + 1 == len(tiers)
        if is_last != (tier["up_to"] is None):
            raise Refused(
                "The last tier, and no other, must have `up_to` set to `inf`.",
                param=f"tiers[{n}][up_to]",
            )
        if not is_last and tier["up_to"] <= reached:
            raise Refused("Tiers must be in ascending order.", param=f"tiers[{n}][up_to]")
        reached = tier["up_to"] or reached


def _tier(asked: Params) -> Json:
    up_to = asked.needed("up_to")
    unit, unit_exact = amounts(asked, "unit_amount")
    flat, flat_exact = amounts(asked, "flat_amount")
    if unit_exact is None and flat_exact is None:
        raise Refused("A tier needs a `unit_amount` or a `flat_amount`.", param=asked.name("up_to"))
    if flat_exact is not None and flat is None:
        raise Refused("Invalid integer", param=asked.name("flat_amount_decimal"))
    return {
        "flat_amount": flat,
        "flat_amount_decimal": flat_exact,
        "unit_amount": unit,
        "unit_amount_decimal": unit_exact,
        "up_to": None if up_to == "inf" else asked.integer("up_to"),
    }
