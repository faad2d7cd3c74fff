"""Payment methods: made of published test cards only, attached to customers and detached."""

from mcp_server.sandbox.cards import BY_NAME, Behaviour, by_number, by_published_name
from mcp_server.sandbox.errors import Refused, absent
from mcp_server.sandbox.ids import fingerprint
from mcp_server.sandbox.lists import page
from mcp_server.sandbox.params import Params
from mcp_server.sandbox.work import Json, Work, with_metadata

ADDRESS = ("city", "country", "line1", "line2", "postal_code", "state")
NOBODY: Json = {
    "address": dict.fromkeys(ADDRESS),
    "email": None,
    "name": None,
    "phone": None,
    "tax_id": None,
}
EXPIRES_YEAR, EXPIRES_MONTH = 2034, 12


def make(
    work: Work,
    behaviour: Behaviour,
    billing: Json | None = None,
    expires: tuple[int, int] = (EXPIRES_YEAR, EXPIRES_MONTH),
) -> Json:
    """Make a payment method that behaves so. Of its number the last four digits are kept."""
    seen = _card(behaviour, expires) if behaviour.kind == "card" else _bank(behaviour)
    return work.new(
        "payment_method",
        "pm",
        allow_redisplay="unspecified",
        billing_details=billing or NOBODY,
        customer=None,
        metadata={},
        type=behaviour.kind,
        _behaviour=behaviour.name,
        _set_up=False,
        **{behaviour.kind: seen},
    )


def _card(behaviour: Behaviour, expires: tuple[int, int]) -> Json:
    year, month = expires
    passed = "fail" if behaviour.name == "chargeDeclinedIncorrectCvc" else "pass"
    return {
        "brand": behaviour.brand,
        "checks": {
            "address_line1_check": None,
            "address_postal_code_check": None,
            "cvc_check": passed,
        },
        "country": behaviour.country,
        "display_brand": behaviour.brand,
        "exp_month": month,
        "exp_year": year,
        "fingerprint": fingerprint(behaviour.number),
        "funding": behaviour.funding,
        "generated_from": None,
        "last4": behaviour.last4,
        "networks": {"available": [behaviour.brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }


def _bank(behaviour: Behaviour) -> Json:
    common = {"fingerprint": fingerprint(behaviour.number), "last4": behaviour.last4}
    if behaviour.kind == "sepa_debit":
        origin = {"charge": None, "setup_attempt": None}
        return common | {
            "bank_code": "19043",
            "branch_code": "",
            "country": "AT",
            "generated_from": origin,
        }
    return common | {
        "account_holder_type": "individual",
        "account_type": "checking",
        "bank_name": "STRIPE TEST BANK",
        "financial_connections_account": None,
        "networks": {"preferred": "ach", "supported": ["ach"]},
        "routing_number": "110000000",
        "status_details": {},
    }


def behaviour_of(method: Json) -> Behaviour:
    return BY_NAME[method["_behaviour"]]


def resolve(work: Work, id: str, param: str = "payment_method") -> Json:
    """Find a payment method, or make one of a published name as Stripe does."""
    if found := work.find("payment_method", id):
        return found
    if behaviour := by_published_name(id):
        return make(work, behaviour)
    raise Refused(
        f"No such PaymentMethod: '{id}'", code="resource_missing", param=param, status=400
    )


def given(work: Work, asked: Params) -> Json | None:
    """Read `payment_method` or `payment_method_data` of a request."""
    if id := asked.text("payment_method"):
        return resolve(work, id)
    if data := asked.part("payment_method_data"):
        return described(work, data)
    return None


def described(work: Work, asked: Params) -> Json:
    """Make a payment method of its description."""
    kind = asked.needed("type")
    asked.ignore("allow_redisplay", "radar_options", "metadata", "expand")
    billing = _billing(asked.part("billing_details"), NOBODY)
    if kind == "card":
        return _described_card(work, asked.part("card"), billing)
    if kind in {"us_bank_account", "sepa_debit"} and (part := asked.part(kind)):
        part.ignore("account_holder_type", "account_type", "routing_number")
        field = "account_number" if kind == "us_bank_account" else "iban"
        if (behaviour := by_number(part.needed(field))) and behaviour.kind == kind:
            return make(work, behaviour, billing)
        raise Refused(f"Use a published test account for {kind}.", param=f"{kind}[{field}]")
    raise Refused(f"The sandbox has no payment method of type {kind}.", param="type")


def _described_card(work: Work, card: Params | None, billing: Json) -> Json:
    if card is None:
        raise absent("card")
    card.ignore("cvc", "networks")
    expires = (
        card.integer_or("exp_year", EXPIRES_YEAR),
        card.integer_or("exp_month", EXPIRES_MONTH),
    )
    token = card.text("token")
    behaviour = by_published_name(token) if token else by_number(card.needed("number"))
    if behaviour is None or behaviour.kind != "card":
        raise Refused(
            "Your card number is incorrect. The sandbox takes Stripe's published test cards only.",
            type="card_error",
            code="incorrect_number",
            param="number",
            status=402,
        )
    return make(work, behaviour, billing, expires)


def _billing(asked: Params | None, kept: Json) -> Json:
    if asked is None:
        return kept
    billing = dict(kept)
    for name in ("email", "name", "phone", "tax_id"):
        if asked.given(name):
            billing[name] = asked.text(name)
    if address := asked.part("address"):
        billing["address"] = {name: address.text(name) for name in ADDRESS}
    return billing


def create(work: Work, asked: Params) -> Json:
    customer = asked.text("customer")
    metadata = asked.mapping("metadata")
    method = described(work, asked)
    method["metadata"] = metadata
    work.save(method)
    return attach_to(work, method, customer) if customer else method


def retrieve(work: Work, asked: Params, id: str) -> Json:
    return resolve(work, id) if by_published_name(id) else work.get("payment_method", id)


def update(work: Work, asked: Params, id: str) -> Json:
    method = work.get("payment_method", id)
    fields: Json = {"metadata": with_metadata(method, asked.mapping("metadata"))}
    fields["billing_details"] = _billing(asked.part("billing_details"), method["billing_details"])
    if allow := asked.choice("allow_redisplay", "always", "limited", "unspecified"):
        fields["allow_redisplay"] = allow
    if card := asked.part("card"):
        card.ignore("networks")
        changed = dict(method["card"])
        for name in ("exp_month", "exp_year"):
            if card.given(name):
                changed[name] = card.integer(name)
        fields["card"] = changed
    type = "payment_method.updated" if method["customer"] else None
    return work.change(method, type, **fields)


def find(work: Work, asked: Params) -> Json:
    asked.ignore("allow_redisplay")
    where = {"customer": asked.text("customer"), "type": asked.text("type")}
    return page(work, asked, "payment_method", "/v1/payment_methods", where)


def attach(work: Work, asked: Params, id: str) -> Json:
    customer = asked.needed("customer")
    return attach_to(work, resolve(work, id), customer)


def attach_to(work: Work, method: Json, customer: str) -> Json:
    """Save a payment method with a customer; one that the bank will not have saved is declined."""
    work.get("customer", customer, "customer")
    if method["customer"] == customer:
        return method
    if method.get("_detached"):
        raise Refused(
            "The provided PaymentMethod was previously used with a PaymentIntent without Customer "
            "attachment, or was detached from a Customer. It may not be used again.",
            code="payment_method_unactivated",
        )
    if method["customer"]:
        raise Refused(
            "This PaymentMethod is already attached to a Customer; detach it first.",
            code="payment_method_already_attached",
        )
    behaviour = behaviour_of(method)
    if behaviour.decline and behaviour.declines_when_saved:
        raise Refused(
            behaviour.decline.message,
            type="card_error",
            status=402,
            code=behaviour.decline.code,
            decline_code=behaviour.decline.decline_code,
        )
    method["customer"] = customer
    work.save(method)
    work.emit("payment_method.attached", method)
    return method


def detach(work: Work, asked: Params, id: str) -> Json:
    return detach_from(work, work.get("payment_method", id))


def detach_from(work: Work, method: Json) -> Json:
    if not method["customer"]:
        raise Refused(
            "The payment method you provided is not attached to a customer so detachment is "
            "impossible.",
            code="payment_method_not_attached",
        )
    customer = work.get("customer", method["customer"])
    settings = customer["invoice_settings"]
    if settings["default_payment_method"] == method["id"]:
        fewer = {**settings, "default_payment_method": None}
        work.change(customer, "customer.updated", invoice_settings=fewer)
    return work.change(method, "payment_method.detached", customer=None, _detached=True)


def prefer(work: Work, method: Json) -> None:
    """Make this the payment method that its customer is charged with."""
    customer = work.get("customer", method["customer"])
    chosen = {**customer["invoice_settings"], "default_payment_method": method["id"]}
    work.change(customer, "customer.updated", invoice_settings=chosen)
