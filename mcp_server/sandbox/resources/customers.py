"""Customers, and the payment methods they have saved."""

from mcp_server.sandbox.errors import Refused
from mcp_server.sandbox.lists import page
from mcp_server.sandbox.params import Params
from mcp_server.sandbox.resources import methods
from mcp_server.sandbox.work import Json, Work, gone, with_metadata

ADDRESS = ("city", "country", "line1", "line2", "postal_code", "state")
TEXTS = ("description", "email", "name", "phone", "business_name", "individual_name")
UNUSED = (
    "balance", "cash_balance", "coupon", "payment_method", "promotion_code", "source", "tax",
    "tax_id_data", "test_clock", "validate", "expand", "shipping",
)  # fmt: skip


def create(work: Work, asked: Params) -> Json:
    invoicing = {
        "custom_fields": None,
        "default_payment_method": None,
        "footer": None,
        "rendering_options": None,
    }
    customer = work.new(
        "customer",
        "cus",
        address=None,
        balance=0,
        currency=None,
        default_source=None,
        delinquent=False,
        description=None,
        discount=None,
        email=None,
        invoice_prefix=None,
        invoice_settings=invoicing,
        metadata={},
        name=None,
        next_invoice_sequence=1,
        phone=None,
        preferred_locales=[],
        shipping=None,
        tax_exempt="none",
        test_clock=None,
    )
    given = asked.text("payment_method")
    method = methods.resolve(work, given) if given else None
    settings = asked.part_or_none("invoice_settings")
    prefers = bool(given) and settings.text("default_payment_method") == given
    if prefers:
        # Of a published name a method is made, which is not the customer's before there is one.
        settings.values.pop("default_payment_method")
    customer = work.save(customer | _fields(work, customer, asked))
    work.emit("customer.created", customer)
    if method:
        attached = methods.attach_to(work, method, customer["id"])
        if prefers:
            methods.prefer(work, attached)
    return work.get("customer", customer["id"])


def _fields(work: Work, customer: Json, asked: Params) -> Json:
    asked.ignore(*UNUSED)
    fields: Json = {name: asked.text(name) for name in TEXTS if asked.given(name)}
    if asked.given("address"):
        part = asked.part("address")
        fields["address"] = {name: part.text(name) for name in ADDRESS} if part else None
    if asked.given("metadata"):
        fields["metadata"] = with_metadata(customer, asked.mapping("metadata"))
    if asked.given("preferred_locales"):
        fields["preferred_locales"] = asked.texts("preferred_locales")
    if tax_exempt := asked.choice("tax_exempt", "none", "exempt", "reverse"):
        fields["tax_exempt"] = tax_exempt
    for name in ("invoice_prefix", "next_invoice_sequence"):
        if asked.given(name):
            fields[name] = asked.raw(name)
    if settings := asked.part("invoice_settings"):
        fields["invoice_settings"] = _invoice_settings(work, customer, settings)
    return fields


def _invoice_settings(work: Work, customer: Json, asked: Params) -> Json:
    asked.ignore("custom_fields", "rendering_options")
    settings = dict(customer["invoice_settings"])
    if asked.given("footer"):
        settings["footer"] = asked.text("footer")
    if asked.given("default_payment_method"):
        chosen = asked.text("default_payment_method")
        if chosen and work.get("payment_method", chosen)["customer"] != customer["id"]:
            raise Refused(
                f"The customer does not have a payment method with the ID {chosen}. "
                "The payment method must be attached to the customer.",
                code="resource_missing",
                param="invoice_settings[default_payment_method]",
            )
        settings["default_payment_method"] = chosen
    return settings


def retrieve(work: Work, asked: Params, id: str) -> Json:
    found = work.any(id)
    return gone(found) if found and found.get("deleted") else work.get("customer", id)


def update(work: Work, asked: Params, id: str) -> Json:
    customer = work.get("customer", id)
    return work.change(customer, "customer.updated", **_fields(work, customer, asked))


def delete(work: Work, asked: Params, id: str) -> Json:
    for method in work.every("payment_method", customer=id):
        methods.detach_from(work, method)
    return work.delete("customer", id)


def find(work: Work, asked: Params) -> Json:
    asked.ignore("test_clock")
    return page(work, asked, "customer", "/v1/customers", {"email": asked.text("email")})


def list_methods(work: Work, asked: Params, id: str) -> Json:
    work.get("customer", id)
    asked.ignore("allow_redisplay")
    where = {"customer": id, "type": asked.text("type")}
    return page(work, asked, "payment_method", f"/v1/customers/{id}/payment_methods", where)


def retrieve_method(work: Work, asked: Params, id: str, method: str) -> Json:
    found = work.get("payment_method", method, "payment_method")
    if found["customer"] != id:
        raise Refused(
            f"The payment method {method} does not belong to the customer.",
            code="resource_missing",
            param="payment_method",
            status=404,
        )
    return found
