"""Setup intents: the wish to save a payment method for later, and how far it got."""

from mcp_server.sandbox import paying
from mcp_server.sandbox.cards import Decline
from mcp_server.sandbox.errors import Refused, wrong_state
from mcp_server.sandbox.ids import new_id, random_text
from mcp_server.sandbox.lists import page
from mcp_server.sandbox.params import Params
from mcp_server.sandbox.resources import methods
from mcp_server.sandbox.work import API_VERSION, Json, Work, public, with_metadata

UNUSED = (
    "attach_to_self", "expand", "flow_directions", "mandate_data", "metadata", "on_behalf_of",
    "payment_method_configuration", "payment_method_options", "single_use", "use_stripe_sdk",
    "excluded_payment_method_types", "allowed_payment_method_types", "automatic_payment_methods",
)  # fmt: skip
OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")
REASONS = ("abandoned", "duplicate", "requested_by_customer")


def create(work: Work, asked: Params) -> Json:
    customer = asked.text("customer")
    setup = blank(
        work,
        customer=work.get("customer", customer, "customer")["id"] if customer else None,
        usage=asked.choice("usage", "off_session", "on_session") or "off_session",
        metadata=asked.mapping("metadata"),
    )
    confirm_now = asked.flag("confirm")
    setup |= _fields(work, setup, asked)
    work.save(setup)
    work.emit("setup_intent.created", setup)
    asked.finish()
    return _confirm(work, setup) if confirm_now else setup


def blank(work: Work, *, customer: str | None, usage: str, metadata: dict[str, str]) -> Json:
    id = new_id("seti")
    return work.new(
        "setup_intent",
        "seti",
        id=id,
        application=None,
        automatic_payment_methods={"allow_redirects": "always", "enabled": True},
        cancellation_reason=None,
        client_secret=f"{id}_secret_{random_text(25)}",
        customer=customer,
        description=None,
        flow_directions=None,
        last_setup_error=None,
        latest_attempt=None,
        mandate=None,
        metadata=metadata,
        next_action=None,
        on_behalf_of=None,
        payment_method=None,
        payment_method_configuration_details=None,
        payment_method_options={"card": {"request_three_d_secure": "automatic"}},
        payment_method_types=["card"],
        single_use_mandate=None,
        status="requires_payment_method",
        usage=usage,
    )


def _fields(work: Work, setup: Json, asked: Params) -> Json:
    asked.ignore(*UNUSED)
    if work.version != API_VERSION:
        asked.ignore("payment_method_types")
    fields: Json = {}
    if asked.given("description"):
        fields["description"] = asked.text("description")
    if url := asked.text("return_url"):
        fields["_return_url"] = url
    if method := methods.given(work, asked):
        fields["payment_method"] = method["id"]
        if setup["status"] == "requires_payment_method":
            fields["status"] = "requires_confirmation"
    return fields


def _confirm(work: Work, setup: Json) -> Json:
    if setup["status"] not in OPEN:
        raise _unexpected(setup, "confirmed")
    if not setup["payment_method"]:
        raise Refused(
            "You cannot confirm this SetupIntent because it's missing a payment method.",
            code="setup_intent_unexpected_state",
            setup_intent=public(setup),
        )
    setup.pop("_authenticated", None)
    if decline := attempt(work, setup):
        kept = work.get("setup_intent", setup["id"])
        more: Json = {"payment_method": kept["last_setup_error"]["payment_method"]}
        if decline.decline_code:
            more["decline_code"] = decline.decline_code
        raise Refused(
            decline.message,
            type="card_error",
            code=decline.code,
            status=402,
            setup_intent=public(kept),
            **more,
        )
    return work.get("setup_intent", setup["id"])


def attempt(work: Work, setup: Json) -> Decline | None:
    """Try to save the payment method of an intent, and return why not."""
    method = work.get("payment_method", setup["payment_method"])
    behaviour = methods.behaviour_of(method)
    if behaviour.asks in {"until_set_up", "always"} and not setup.get("_authenticated"):
        paying.ask(work, setup, "setup_intent")
        return None
    if behaviour.decline and behaviour.declines_when_saved:
        return refuse(work, setup, method, behaviour.decline)
    method["_set_up"] = True
    work.save(method)
    if setup["customer"]:
        method = methods.attach_to(work, method, setup["customer"])
        if setup.get("_makes_default"):
            methods.prefer(work, method)
    work.change(
        setup,
        "setup_intent.succeeded",
        status="succeeded",
        next_action=None,
        last_setup_error=None,
    )
    return None


def refuse(work: Work, setup: Json, method: Json, decline: Decline) -> Decline:
    setup.pop("_authenticated", None)
    work.change(
        setup,
        "setup_intent.setup_failed",
        status="requires_payment_method",
        payment_method=None,
        next_action=None,
        last_setup_error=paying.error_of(method, decline),
    )
    return decline


def _unexpected(setup: Json, what: str) -> Refused:
    return wrong_state(
        f"This SetupIntent could not be {what} because it has a status of {setup['status']}.",
        "setup_intent_unexpected_state",
        setup_intent=public(setup),
    )


def retrieve(work: Work, asked: Params, id: str) -> Json:
    asked.ignore("client_secret")
    return work.get("setup_intent", id)


def update(work: Work, asked: Params, id: str) -> Json:
    setup = work.get("setup_intent", id)
    fields: Json = {"metadata": with_metadata(setup, asked.mapping("metadata"))}
    fields |= _fields(work, setup, asked)
    if customer := asked.text("customer"):
        fields["customer"] = work.get("customer", customer, "customer")["id"]
    return work.change(setup, **fields)


def confirm(work: Work, asked: Params, id: str) -> Json:
    setup = work.get("setup_intent", id)
    setup |= _fields(work, setup, asked)
    work.save(setup)
    asked.finish()
    return _confirm(work, setup)


def cancel(work: Work, asked: Params, id: str) -> Json:
    setup = work.get("setup_intent", id)
    reason = asked.choice("cancellation_reason", *REASONS)
    if setup["status"] not in OPEN:
        raise _unexpected(setup, "canceled")
    return canceled(work, setup, reason)


def canceled(work: Work, setup: Json, reason: str | None) -> Json:
    return work.change(
        setup,
        "setup_intent.canceled",
        status="canceled",
        cancellation_reason=reason,
        next_action=None,
    )


def find(work: Work, asked: Params) -> Json:
    asked.ignore("attach_to_self")
    where = {"customer": asked.text("customer"), "payment_method": asked.text("payment_method")}
    return page(work, asked, "setup_intent", "/v1/setup_intents", where)
