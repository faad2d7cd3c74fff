"""Prices: once made, what they cost never changes."""

from mcp_server.sandbox.errors import Refused, absent
from mcp_server.sandbox.lists import page
from mcp_server.sandbox.money import currency_of
from mcp_server.sandbox.params import Params
from mcp_server.sandbox.resources.tiers import amounts, tiers_of
from mcp_server.sandbox.work import Json, Work, public, with_metadata

INTERVALS = ("day", "week", "month", "year")
COUNTS_MAX = {"day": 1095, "week": 156, "month": 36, "year": 3}


def create(work: Work, asked: Params) -> Json:
    asked.ignore("currency_options", "custom_unit_amount", "transfer_lookup_key")
    currency = currency_of(asked.needed("currency"))
    recurring = _recurring(work, asked.part("recurring"))
    tiers = tiers_of(asked, is_recurring=recurring is not None)
    amount, exact = _amount(asked)
    if amount is None and exact is None and not tiers:
        raise Refused("You must specify one of `unit_amount` or `unit_amount_decimal`.")
    if tiers and exact is not None:
        raise Refused("You may not specify `unit_amount` when `billing_scheme` is `tiered`.")
    price = work.new(
        "price",
        "price",
        active=asked.flag("active", default=True),
        billing_scheme="tiered" if tiers else "per_unit",
        currency=currency,
        custom_unit_amount=None,
        lookup_key=_lookup_key(work, asked),
        metadata=asked.mapping("metadata"),
        nickname=asked.text("nickname"),
        product=_product(work, asked),
        recurring=recurring,
        tax_behavior=asked.text_or("tax_behavior", "unspecified"),
        tiers_mode=asked.choice("tiers_mode", "graduated", "volume"),
        transform_quantity=_transform(asked.part("transform_quantity"), has_tiers=bool(tiers)),
        type="recurring" if recurring else "one_time",
        unit_amount=amount,
        unit_amount_decimal=exact,
        _tiers=tiers or None,
    )
    work.emit("price.created", price)
    return price


def _amount(asked: Params) -> tuple[int | None, str | None]:
    """Return the whole amount, if it is whole, and the exact one."""
    return amounts(asked, "unit_amount")


def _product(work: Work, asked: Params) -> str:
    if data := asked.part("product_data"):
        data.ignore("statement_descriptor", "tax_code", "tax_details", "unit_label")
        product = work.new(
            "product",
            "prod",
            id=data.text("id"),
            active=data.flag("active", default=True),
            default_price=None,
            description=None,
            images=[],
            marketing_features=[],
            metadata=data.mapping("metadata"),
            name=data.needed("name"),
            package_dimensions=None,
            shippable=None,
            statement_descriptor=None,
            tax_code=None,
            type="service",
            unit_label=None,
            updated=work.now,
            url=None,
        )
        work.emit("product.created", product)
        return str(product["id"])
    return str(work.get("product", asked.needed("product"), "product")["id"])


def _lookup_key(work: Work, asked: Params) -> str | None:
    key = asked.text("lookup_key")
    if key and (taken := next(work.every("price", lookup_key=key), None)):
        if not asked.flag("transfer_lookup_key"):
            raise Refused(
                f"A price (`{taken['id']}`) already uses that lookup key.",
                code="resource_already_exists",
                param="lookup_key",
            )
        work.change(taken, "price.updated", lookup_key=None)
    return key


def _recurring(work: Work, asked: Params | None) -> Json | None:
    if asked is None:
        return None
    interval = asked.choice("interval", *INTERVALS)
    if interval is None:
        raise absent("recurring[interval]")
    meter, usage = asked.text("meter"), asked.choice("usage_type", "licensed", "metered")
    usage = usage or "licensed"
    if meter:
        work.get("billing.meter", meter, "recurring[meter]")
    if (usage == "metered") != bool(meter):
        raise Refused(
            "Metered prices, and no others, must be backed by a meter.", param="recurring[meter]"
        )
    count = asked.integer_or("interval_count", 1)
    if not 0 < count <= COUNTS_MAX[interval]:
        raise Refused(
            "The maximum billing period is three years.", param="recurring[interval_count]"
        )
    return {
        "interval": interval,
        "interval_count": count,
        "meter": meter,
        "trial_period_days": asked.integer("trial_period_days"),
        "usage_type": usage,
    }


def _transform(asked: Params | None, *, has_tiers: bool) -> Json | None:
    if asked is None:
        return None
    if has_tiers:
        raise Refused(
            "You may not specify `transform_quantity` with `tiers`.", param="transform_quantity"
        )
    divide_by = asked.integer("divide_by")
    if divide_by is None or divide_by < 1:
        raise Refused("Invalid positive integer", param="transform_quantity[divide_by]")
    asked.needed("round")
    return {"divide_by": divide_by, "round": asked.choice("round", "up", "down")}


def retrieve(work: Work, asked: Params, id: str) -> Json:
    return work.get("price", id)


def update(work: Work, asked: Params, id: str) -> Json:
    price = work.get("price", id)
    asked.ignore("currency_options", "transfer_lookup_key")
    fields: Json = {}
    if asked.given("active"):
        fields["active"] = asked.flag("active")
    if asked.given("metadata"):
        fields["metadata"] = with_metadata(price, asked.mapping("metadata"))
    if asked.given("nickname"):
        fields["nickname"] = asked.text("nickname")
    if asked.given("lookup_key"):
        fields["lookup_key"] = _lookup_key(work, asked)
    if tax := asked.text("tax_behavior"):
        fields["tax_behavior"] = tax
    return work.change(price, "price.updated", **fields)


def find(work: Work, asked: Params) -> Json:
    where = {
        "active": asked.flag("active") if asked.given("active") else None,
        "currency": asked.text("currency"),
        "product": asked.text("product"),
        "type": asked.choice("type", "one_time", "recurring"),
    }
    if recurring := asked.part("recurring"):
        where["recurring.interval"] = recurring.text("interval")
        where["recurring.meter"] = recurring.text("meter")
        where["recurring.usage_type"] = recurring.text("usage_type")
    keys = ("lookup_key", asked.texts("lookup_keys"))
    return page(work, asked, "price", "/v1/prices", where, one_of=keys)


def of_line(work: Work, asked: Params) -> Json:
    """Return the price of a line: one that exists, or one made for this line alone."""
    if id := asked.text("price"):
        price = work.get("price", id, asked.name("price"))
        if not price["active"]:
            raise Refused(
                "The price specified is inactive. This field only accepts active prices.",
                param=asked.name("price"),
            )
        return price
    if (data := asked.part("price_data")) is None:
        raise absent(asked.name("price"))
    data.values["active"] = "false"
    return public(create(work, data))
