"""What so many of a recurring price come to, and what a part of a period is worth."""

from decimal import ROUND_HALF_UP, Decimal

from mcp_server.sandbox.work import Json


def amount_of(price: Json, quantity: int) -> int:
    """Return what a period costs. What is metered costs nothing here."""
    if price["recurring"] and price["recurring"]["usage_type"] == "metered":
        return 0
    if package := price["transform_quantity"]:
        whole, rest = divmod(quantity, package["divide_by"])
        quantity = whole + (1 if rest and package["round"] == "up" else 0)
    if tiers := price.get("_tiers"):
        return _tiered(tiers, price["tiers_mode"], quantity)
    return rounded(Decimal(price["unit_amount_decimal"]) * quantity)


def _tiered(tiers: list[Json], mode: str, quantity: int) -> int:
    total, below = Decimal(0), 0
    for tier in tiers:
        up_to = tier["up_to"]
        last = up_to is None or quantity <= up_to
        here = quantity if mode == "volume" else min(quantity, up_to or quantity) - below
        if mode == "graduated" or last:
            total += Decimal(tier["unit_amount_decimal"] or 0) * here
            total += Decimal(tier["flat_amount_decimal"] or 0)
        if last:
            break
        below = up_to
    return rounded(total)


def part(amount: int, start: int, end: int, at: int) -> int:
    """Return what is left of an amount when a period is partly over."""
    left = Decimal(max(0, end - at)) / Decimal(max(1, end - start))
    return rounded(amount * left)


def rounded(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))
