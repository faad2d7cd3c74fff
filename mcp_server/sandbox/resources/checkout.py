"""Checkout sessions: what is asked for, who pays, and how it ended."""

from typing import Any
from urllib.parse import urlsplit

from mcp_server.sandbox.errors import Refused, absent
from mcp_server.sandbox.ids import SESSION_LENGTH, new_id
from mcp_server.sandbox.lists import COMPUTED, listed, page
from mcp_server.sandbox.money import require_amount
from mcp_server.sandbox.params import Params
from mcp_server.sandbox.pricing import amount_of
from mcp_server.sandbox.resources import coupons, intents, prices, setups, subscribing_on_pages
from mcp_server.sandbox.work import API_VERSION, Json, Work, public, with_metadata

EXPIRE = "expire_session"
DAY = 86_400
LEAST_SECONDS = 30 * 60
SESSION_ID = "{CHECKOUT_SESSION_ID}"
PAGE = "/checkout/"
KEPT = ("billing_address_collection", "client_reference_id", "customer_email", "locale",
        "submit_type")  # fmt: skip
NEVER = (
    "after_expiration",
    "client_secret",
    "collected_information",
    "consent",
    "consent_collection",
    "currency_conversion",
    "origin_context",
    "payment_link",
    "payment_method_configuration_details",
    "permissions",
    "recovered_from",
    "saved_payment_method_options",
    "shipping_address_collection",
    "shipping_cost",
    "subscription",
    "wallet_options",
    "invoice",
)
"""What Stripe can do and the sandbox does not."""
UNUSED = (
    "adaptive_pricing", "after_expiration", "automatic_tax", "branding_settings", "custom_fields",
    "custom_text", "consent_collection", "customer_update", "excluded_payment_method_types",
    "allowed_payment_method_types", "expand", "name_collection", "optional_items", "origin_context",
    "payment_method_collection", "payment_method_configuration", "payment_method_data",
    "payment_method_options", "permissions", "phone_number_collection", "redirect_on_completion",
    "return_url", "saved_payment_method_options", "shipping_address_collection", "shipping_options",
    "tax_id_collection", "wallet_options", "integration_identifier", "managed_payments",
)  # fmt: skip


def create(work: Work, asked: Params) -> Json:
    mode = asked.choice("mode", "payment", "setup", "subscription")
    if mode is None:
        raise absent("mode")
    session = _blank(work, mode, asked)
    if mode == "subscription":
        _price(work, session, asked)
        subscribing_on_pages.prepare(work, session, asked.part_or_none("subscription_data"))
    elif mode == "payment":
        _price(work, session, asked)
        session["_intent"] = _intent_data(asked.part_or_none("payment_intent_data"))
        _invoicing(session, asked.part("invoice_creation"))
    else:
        session["currency"] = asked.text("currency")
        data = asked.part_or_none("setup_intent_data")
        data.ignore("on_behalf_of")
        setup = setups.blank(
            work,
            customer=session["customer"],
            usage="off_session",
            metadata=data.mapping("metadata"),
        )
        setup["description"] = data.text("description")
        work.save(setup)
        work.emit("setup_intent.created", setup)
        session["setup_intent"] = setup["id"]
        session["payment_status"] = "no_payment_required"
    work.insert(session)
    work.later(session["expires_at"] - work.now, EXPIRE, session["id"])
    return session


def _blank(work: Work, mode: str, asked: Params) -> Json:
    asked.ignore(*UNUSED)
    if work.version != API_VERSION:
        asked.ignore("payment_method_types")
    id = new_id("cs_test", SESSION_LENGTH)
    customer = _customer(work, asked)
    hosted = (asked.text("ui_mode") or "hosted_page") in {"hosted_page", "hosted"}
    if not hosted:
        raise Refused("The sandbox has hosted pages only.", param="ui_mode")
    return {
        **dict.fromkeys(NEVER),
        "id": id,
        "object": "checkout.session",
        "adaptive_pricing": {"enabled": False} if mode == "payment" else None,
        "allow_promotion_codes": asked.flag("allow_promotion_codes") or None,
        "amount_subtotal": None,
        "amount_total": None,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "cancel_url": _url(asked, "cancel_url"),
        "created": work.now,
        "currency": None,
        "custom_fields": [],
        "custom_text": dict.fromkeys(
            ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")
        ),
        "customer": customer,
        "customer_creation": _creation(mode, customer, asked),
        "customer_details": None,
        "discounts": [],
        "expires_at": _expiry(work, asked),
        "invoice_creation": None,
        "livemode": False,
        "metadata": asked.mapping("metadata"),
        "mode": mode,
        "payment_intent": None,
        "payment_method_collection": None if mode == "setup" else "always",
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card", "us_bank_account"] if mode == "payment" else ["card"],
        "payment_status": "unpaid",
        "phone_number_collection": {"enabled": False},
        "setup_intent": None,
        "shipping_options": [],
        "status": "open",
        "success_url": _url(asked, "success_url", needed=True),
        "total_details": None,
        "ui_mode": "hosted_page",
        "url": f"{work.url}{PAGE}{id}",
        "_items": [],
        **{name: asked.text(name) for name in KEPT},
    }


def _customer(work: Work, asked: Params) -> str | None:
    id = asked.text("customer")
    if id and asked.given("customer_email"):
        raise Refused("You may only specify one of these parameters: customer, customer_email.")
    return work.get("customer", id, "customer")["id"] if id else None


def _creation(mode: str, customer: str | None, asked: Params) -> str | None:
    chosen = asked.choice("customer_creation", "always", "if_required")
    if chosen and customer:
        raise Refused("`customer_creation` and `customer` exclude each other.")
    if customer or mode == "setup":
        return None if customer else "always"
    return "always" if mode == "subscription" else chosen or "if_required"


def _url(asked: Params, name: str, *, needed: bool = False) -> str | None:
    """Read an address that people are sent to. Script in disguise is none."""
    url = asked.needed(name) if needed else asked.text(name)
    if url and (urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname):
        raise Refused("Not a valid URL", code="url_invalid", param=name)
    return url


def _expiry(work: Work, asked: Params) -> int:
    given = asked.integer("expires_at")
    if given is None:
        return work.now + DAY
    if not work.now + LEAST_SECONDS <= given <= work.now + DAY:
        raise Refused(
            "The `expires_at` timestamp must be at least 30 minutes and less than 24 hours from "
            "Checkout Session creation.",
            param="expires_at",
        )
    return given


def _intent_data(asked: Params) -> Json:
    asked.ignore("application_fee_amount", "on_behalf_of", "transfer_data", "transfer_group",
                 "statement_descriptor_suffix")  # fmt: skip
    shipping = asked.part("shipping")
    if shipping:
        shipping.ignore(*shipping.values)
    return {
        "capture_method": asked.choice("capture_method", "automatic", "automatic_async", "manual")
        or "automatic_async",
        "description": asked.text("description"),
        "metadata": asked.mapping("metadata"),
        "receipt_email": asked.text("receipt_email"),
        "setup_future_usage": asked.choice("setup_future_usage", "off_session", "on_session"),
        "shipping": shipping.values if shipping else None,
        "statement_descriptor": asked.text("statement_descriptor"),
    }


def _invoicing(session: Json, asked: Params | None) -> None:
    """Remember that an invoice was wished for; the sandbox makes none, and says so by null."""
    enabled = bool(asked and asked.flag("enabled"))
    if asked:
        asked.ignore("invoice_data")
    data: Json = {
        "account_tax_ids": None, "custom_fields": None, "description": None, "footer": None,
        "issuer": None, "metadata": {}, "rendering_options": None,
    }  # fmt: skip
    session["invoice_creation"] = {"enabled": enabled, "invoice_data": data}


# -- What it costs --------------------------------------------------------------------------------


def _price(work: Work, session: Json, asked: Params) -> None:
    lines = asked.parts("line_items")
    if not lines:
        raise absent("line_items")
    recurs = session["mode"] == "subscription"
    session["_items"] = [_item(work, each, recurs=recurs) for each in lines]
    currencies = {each["currency"] for each in session["_items"]}
    if len(currencies) > 1:
        raise Refused("All prices of a Checkout Session must be in one currency.")
    session["currency"] = currencies.pop()
    given = asked.parts("discounts")
    if given and session["allow_promotion_codes"]:
        raise Refused("You may only specify one of: allow_promotion_codes, discounts.")
    for each in given:
        _discount(work, session, each)
    total(work, session)


def _item(work: Work, asked: Params, *, recurs: bool) -> Json:
    asked.ignore("adjustable_quantity", "dynamic_tax_rates", "tax_rates", "metadata")
    price = prices.of_line(work, asked)
    if price["type"] == "recurring" and not recurs:
        raise Refused(
            "You specified `payment` mode but passed a recurring price. Either switch to "
            "`subscription` mode or use only one-time prices.",
            param=asked.name("price"),
        )
    quantity = asked.integer_or("quantity", 1)
    if quantity < 1 or (price["unit_amount"] is None and not recurs):
        raise Refused("This line cannot be priced.", param=asked.name("quantity"))
    amount = amount_of(work.get("price", price["id"]), quantity)
    product = work.any(price["product"]) or {}
    return {
        "id": new_id("li"),
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "currency": price["currency"],
        "description": product.get("name"),
        "metadata": {},
        "price": public(price),
        "quantity": quantity,
    }


def _discount(work: Work, session: Json, asked: Params) -> None:
    if id := asked.text("promotion_code"):
        use_code(work, session, work.get("promotion_code", id, asked.name("promotion_code")))
    elif id := asked.text("coupon"):
        coupons.usable_coupon(work, id, session["currency"], asked.name("coupon"))
        session["discounts"] = [{"coupon": id, "promotion_code": None}]


def use_code(work: Work, session: Json, code: Json) -> None:
    """Apply a promotion code, or refuse it."""
    subtotal = sum(each["amount_subtotal"] for each in session["_items"])
    coupons.usable_code(work, code, subtotal, session)
    session["discounts"] = [{"coupon": None, "promotion_code": code["id"]}]


def total(work: Work, session: Json) -> None:
    """Add up the lines, less what is taken off; every line bears its part of it.

    Of a trial nothing is due today but what is paid once.
    """
    items = session["_items"]
    subtotal = sum(each["amount_subtotal"] for each in items)
    less = 0
    for each in session["discounts"]:
        code = each["promotion_code"] and work.get("promotion_code", each["promotion_code"])
        coupon = work.get("coupon", code["promotion"]["coupon"] if code else each["coupon"])
        less = min(subtotal, less + coupons.off(coupon, subtotal))
    left = less
    for place, each in enumerate(items):
        last = place == len(items) - 1
        part = left if last else min(left, less * each["amount_subtotal"] // (subtotal or 1))
        left -= part
        each |= {"amount_discount": part, "amount_total": each["amount_subtotal"] - part}
    amount = subtotal - less
    if amount:
        require_amount(amount, session["currency"], "line_items")
    session["amount_subtotal"], session["amount_total"] = subtotal, amount
    session["total_details"] = {"amount_discount": less, "amount_shipping": 0, "amount_tax": 0}
    session["payment_status"] = "unpaid" if amount else "no_payment_required"


# -- Asking about it ------------------------------------------------------------------------------


def retrieve(work: Work, asked: Params, id: str) -> Json:
    return work.get("checkout.session", id)


def update(work: Work, asked: Params, id: str) -> Json:
    session = work.get("checkout.session", id)
    asked.ignore("collected_information", "shipping_options")
    merged = with_metadata(session, asked.mapping("metadata"))
    return work.change(session, metadata=merged)


def find(work: Work, asked: Params) -> Json:
    where: dict[str, Any] = {
        name: asked.text(name) for name in ("customer", "payment_intent", "subscription", "status")
    }
    if details := asked.part("customer_details"):
        where["customer_details.email"] = details.text("email")
    asked.ignore("payment_link")
    return page(work, asked, "checkout.session", "/v1/checkout/sessions", where)


def list_items(work: Work, asked: Params, id: str) -> Json:
    asked.ignore("limit", "starting_after", "ending_before")
    return _items(work, work.get("checkout.session", id))


def _items(work: Work, session: Json) -> Json:
    return listed(session["_items"], f"/v1/checkout/sessions/{session['id']}/line_items")


COMPUTED["checkout.session", "line_items"] = _items


def expire(work: Work, asked: Params, id: str) -> Json:
    session = work.get("checkout.session", id)
    if session["status"] != "open":
        raise Refused(
            'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout '
            f"Session has a status of {session['status']}.",
        )
    return expired(work, session)


def expired(work: Work, session: Json) -> Json:
    """End a session that nobody finished, and with it what it had begun."""
    work.never_mind(EXPIRE, session["id"])
    if id := session["payment_intent"]:
        intents.canceled(work, work.get("payment_intent", id), None)
    if id := session["setup_intent"]:
        setups.canceled(work, work.get("setup_intent", id), None)
    return work.change(session, "checkout.session.expired", status="expired", url=None)


def expire_due(work: Work, id: str) -> None:
    session = work.get("checkout.session", id)
    if session["status"] == "open":
        expired(work, session)


def success_url(session: Json) -> str:
    return str(session["success_url"]).replace(SESSION_ID, session["id"])
