"""Coupons, and the promotion codes that people type to use one."""

from mcp_server.sandbox.errors import Refused, absent
from mcp_server.sandbox.ids import random_text
from mcp_server.sandbox.lists import page
from mcp_server.sandbox.money import currency_of, share, spelled
from mcp_server.sandbox.params import Params
from mcp_server.sandbox.work import API_VERSION, Json, Work, with_metadata

DURATIONS = ("forever", "once", "repeating")


def create(work: Work, asked: Params) -> Json:
    asked.ignore("currency_options", "applies_to")
    id = asked.text("id") or random_text(8)
    if work.any(id):
        raise Refused("Coupon already exists.", code="resource_already_exists", param="id")
    amount, percent = asked.integer("amount_off"), asked.text("percent_off")
    if (amount is None) == (percent is None):
        raise Refused("You must pass exactly one of percent_off or amount_off.")
    duration = asked.choice("duration", *DURATIONS) or "once"
    months = asked.integer("duration_in_months")
    if (duration == "repeating") != (months is not None):
        raise Refused("duration_in_months is for the repeating duration.", param="duration")
    coupon = work.new(
        "coupon",
        "",
        id=id,
        amount_off=amount,
        currency=currency_of(asked.needed("currency")) if amount is not None else None,
        duration=duration,
        duration_in_months=months,
        max_redemptions=asked.integer("max_redemptions"),
        metadata=asked.mapping("metadata"),
        name=asked.text("name"),
        percent_off=_percent(percent),
        redeem_by=asked.integer("redeem_by"),
        times_redeemed=0,
        valid=True,
        _percent=percent,
    )
    work.emit("coupon.created", coupon)
    return coupon


def _percent(given: str | None) -> float | None:
    """Return the number that goes over the wire; what is computed with is the text."""
    if given is None:
        return None
    try:
        value = float(given)
    except ValueError as error:
        raise Refused(f"Invalid decimal: {given}", param="percent_off") from error
    if not 0 < value <= 100:
        raise Refused("percent_off must be between 0 and 100.", param="percent_off")
    return value


def retrieve(work: Work, asked: Params, id: str) -> Json:
    return work.get("coupon", id)


def update(work: Work, asked: Params, id: str) -> Json:
    asked.ignore("currency_options")
    coupon = work.get("coupon", id)
    fields: Json = {"metadata": with_metadata(coupon, asked.mapping("metadata"))}
    if asked.given("name"):
        fields["name"] = asked.text("name")
    return work.change(coupon, "coupon.updated", **fields)


def delete(work: Work, asked: Params, id: str) -> Json:
    return work.delete("coupon", id)


def find(work: Work, asked: Params) -> Json:
    return page(work, asked, "coupon", "/v1/coupons")


def create_code(work: Work, asked: Params) -> Json:
    if promotion := asked.part("promotion"):
        promotion.ignore("type")
        coupon = promotion.needed("coupon")
    elif work.version != API_VERSION and (old := asked.text("coupon")):
        coupon = old  # before the promotion was an object of its own
    else:
        raise absent("promotion")
    code = asked.text("code") or random_text(8).upper()
    if any(each["active"] for each in work.every("promotion_code", code=code)):
        raise Refused(
            f"An active promotion code with `code: {code}` already exists.",
            code="resource_already_exists",
            param="code",
        )
    customer = asked.text("customer")
    restrictions = asked.part_or_none("restrictions")
    restrictions.ignore("currency_options")
    promotion_code = work.new(
        "promotion_code",
        "promo",
        active=asked.flag("active", default=True),
        code=code,
        customer=work.get("customer", customer, "customer")["id"] if customer else None,
        expires_at=asked.integer("expires_at"),
        max_redemptions=asked.integer("max_redemptions"),
        metadata=asked.mapping("metadata"),
        promotion={
            "coupon": work.get("coupon", coupon, "promotion[coupon]")["id"],
            "type": "coupon",
        },
        restrictions={
            "first_time_transaction": restrictions.flag("first_time_transaction"),
            "minimum_amount": restrictions.integer("minimum_amount"),
            "minimum_amount_currency": restrictions.text("minimum_amount_currency"),
        },
        times_redeemed=0,
    )
    work.emit("promotion_code.created", promotion_code)
    return promotion_code


def retrieve_code(work: Work, asked: Params, id: str) -> Json:
    return work.get("promotion_code", id)


def update_code(work: Work, asked: Params, id: str) -> Json:
    code = work.get("promotion_code", id)
    asked.ignore("restrictions")
    fields: Json = {"metadata": with_metadata(code, asked.mapping("metadata"))}
    if asked.given("active"):
        fields["active"] = asked.flag("active")
    return work.change(code, "promotion_code.updated", **fields)


def find_codes(work: Work, asked: Params) -> Json:
    where = {
        "active": asked.flag("active") if asked.given("active") else None,
        "code": asked.text("code"),
        "customer": asked.text("customer"),
        "promotion.coupon": asked.text("coupon"),
    }
    return page(work, asked, "promotion_code", "/v1/promotion_codes", where)


# -- Using them ---------------------------------------------------------------------------------


def usable_coupon(work: Work, id: str, currency: str, param: str) -> Json:
    coupon = work.get("coupon", id, param)
    redeem_by, most = coupon["redeem_by"], coupon["max_redemptions"]
    if (redeem_by and redeem_by <= work.now) or (most and coupon["times_redeemed"] >= most):
        raise Refused(f"Coupon expired: {id}", code="coupon_expired", param=param)
    if coupon["currency"] not in {None, currency}:
        raise Refused(f"The coupon {id} is in another currency than the prices.", param=param)
    return coupon


def usable_code(work: Work, code: Json, subtotal: int, session: Json) -> Json:
    """Return the coupon of a promotion code that this customer may use for this."""
    customer, currency = session["customer"], session["currency"]
    most, least = code["max_redemptions"], code["restrictions"]["minimum_amount"]
    spent = (code["expires_at"] and code["expires_at"] <= work.now) or (
        most and code["times_redeemed"] >= most
    )
    if not code["active"] or spent or code["customer"] not in {None, customer}:
        raise Refused("This promotion code cannot be redeemed.", code="promotion_code_invalid")
    if least and subtotal < least:
        words = spelled(least, currency)
        raise Refused(
            f"This code needs an order of at least {words}.", code="promotion_code_invalid"
        )
    if (
        code["restrictions"]["first_time_transaction"]
        and customer
        and next(work.every("charge", customer=customer, status="succeeded"), None)
    ):
        raise Refused("This code is for a first order.", code="promotion_code_invalid")
    return usable_coupon(work, code["promotion"]["coupon"], currency, "discounts")


def off(coupon: Json, amount: int) -> int:
    """Return how much a coupon takes off an amount."""
    if coupon["_percent"] is not None:
        return share(amount, coupon["_percent"])
    return min(amount, int(coupon["amount_off"]))


def redeem(work: Work, discounts: list[Json]) -> None:
    """Count that a coupon was used, and its code."""
    for each in discounts:
        if code := each["promotion_code"] and work.find("promotion_code", each["promotion_code"]):
            work.change(code, "promotion_code.updated", times_redeemed=code["times_redeemed"] + 1)
        if coupon := each["coupon"] and work.find("coupon", each["coupon"]):
            work.change(coupon, "coupon.updated", times_redeemed=coupon["times_redeemed"] + 1)
