"""The request contract finds what Stripe would not accept, and lets pass what it would."""

import pytest

from tests.stripe import contract
from tests.stripe.contract import FORM, JSON, ContractBroken

BASE = "https://api.stripe.com"

RIGHT = [
    ("POST", "/v1/customers", "email=ada%40example.com&metadata[tenant]=t1"),
    ("POST", "/v1/checkout/sessions", "mode=payment&line_items[0][price]=p&expand[]=line_items"),
    ("POST", "/v1/payment_intents", "amount=1000&currency=usd&confirm=true&off_session=true"),
    ("POST", "/v1/subscriptions/sub_1", "billing_cycle_anchor[type]=now"),
    ("GET", "/v1/events?limit=100&types[0]=charge.refunded&ending_before=evt_1", ""),
    ("DELETE", "/v1/customers/cus_1", ""),
]
WRONG = [
    ("POST", "/v1/customers", "emial=ada", "emial"),
    ("POST", "/v1/payment_intents", "amount=ten&currency=usd", "amount"),
    ("POST", "/v1/payment_intents", "currency=usd", "amount"),
    ("POST", "/v1/payment_intents", "amount=1&currency=usd&confirm=yes", "confirm"),
    ("POST", "/v1/checkout/sessions", "mode=payment&payment_method_types[0]=card", "types"),
    ("POST", "/v1/checkout/sessions", "mode=donation", "mode"),
    ("POST", "/v1/checkout/sessions", "ui_mode=hosted", "ui_mode"),
    ("POST", "/v1/checkout/sessions", "line_items[0][prise]=p", "prise"),
    ("POST", "/v1/promotion_codes", "coupon=c", "promotion"),
    ("POST", "/v1/subscriptions/sub_1", "billing_cycle_anchor=now", "billing_cycle_anchor"),
    ("POST", "/v1/carts", "name=c", "no such operation"),
    ("PUT", "/v1/customers/cus_1", "name=c", "no such operation"),
    ("GET", "/v1/balance?currency=usd", "", "currency"),
]


@pytest.mark.parametrize(("method", "path", "body"), RIGHT)
def test_what_stripe_accepts_passes(method: str, path: str, body: str) -> None:
    found = contract.check(method, BASE + path, FORM, body)

    assert found.method == method


@pytest.mark.parametrize(("method", "path", "body", "named"), WRONG)
def test_what_stripe_would_refuse_is_found_and_named(
    method: str, path: str, body: str, named: str
) -> None:
    with pytest.raises(ContractBroken, match=named):
        contract.check(method, BASE + path, FORM, body)


def test_each_version_of_the_api_has_its_own_encoding() -> None:
    event = '{"event_name": "tokens", "payload": {"value": "1"}}'
    address = f"{BASE}/v2/billing/meter_events"

    assert contract.check("POST", address, JSON, event.encode()).path == "/v2/billing/meter_events"
    with pytest.raises(ContractBroken, match="content type"):
        contract.check("POST", address, FORM, event)
    with pytest.raises(ContractBroken, match="content type"):
        contract.check("POST", f"{BASE}/v1/customers", JSON, "{}")


def test_it_does_not_matter_where_the_api_is_mounted() -> None:
    address = "http://127.0.0.1:8000/sandbox/stripe/v1/customers"

    assert contract.check("POST", address, FORM, "name=Ada").path == "/v1/customers"


def test_everything_the_sdk_can_call_is_known() -> None:
    assert len(contract.operations()) > 600
    assert contract.find("GET", "/v1/checkout/sessions/cs_1/line_items")
    assert contract.find("POST", "/v1/invoices/create_preview")
