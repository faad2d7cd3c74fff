"""Every page says that it is simulated, lets nothing in from outside, and keeps no card."""

from typing import Any

import pytest

from tests.sandbox.conftest import Place

pytestmark = pytest.mark.anyio

REAL = "4539 1488 0343 6467"
"""Passes the check of its digits, and is none of the published numbers."""


async def every_page(place: Place) -> dict[str, str]:
    customer = await place.customer()
    session = await place.checkout(customer=customer.id, allow_promotion_codes=True)
    asking = await place.checkout()
    bank = await place.press(asking.url, do="pay", number="4000000000003220")
    done = await place.checkout()
    await place.press(done.url, do="pay", number="4242424242424242")
    portal = await place.v1.billing_portal.sessions.create_async({"customer": customer.id})
    await place.pay("pm_card_createDispute")
    return {
        "checkout": session.url,
        "complete": done.url,
        "bank": place.url + bank.headers["location"],
        "portal": portal.url,
        "control": f"{place.url}/control",
        "nowhere": f"{place.url}/checkout/cs_nowhere",
    }


async def test_every_page_says_that_it_is_simulated_and_runs_no_script(place: Place) -> None:
    pages = {name: await place.http.get(url) for name, url in (await every_page(place)).items()}

    assert {name for name, page in pages.items() if page.status_code != 200} == {"nowhere"}
    for page in pages.values():
        policy = page.headers["content-security-policy"]
        assert "SIMULATED: this is not Stripe" in page.text
        assert "<script" not in page.text
        assert " style=" not in page.text
        assert policy.startswith("default-src 'none'; style-src 'self'; img-src data:; form-action")
        assert "unsafe" not in policy
        assert page.headers["cache-control"] == "no-store"


async def test_a_form_may_end_at_the_shop_that_asked_for_it_and_nowhere_else(
    place: Place,
) -> None:
    session = await place.checkout(cancel_url="https://elsewhere.example:8443/x")
    policy = (await place.http.get(session.url)).headers["content-security-policy"]

    assert "form-action 'self' https://elsewhere.example:8443 https://shop.example;" in policy


async def test_the_style_is_served(place: Place) -> None:
    style = await place.http.get(f"{place.url}/static/sandbox.css")

    assert style.headers["content-type"].startswith("text/css")


async def test_a_real_card_is_refused_and_kept_nowhere(place: Place) -> None:
    session = await place.checkout()
    refused = await place.press(session.url, do="pay", number=REAL)
    with place.sandbox.unit() as work:
        kept = "\n".join(work.db.iterdump())

    assert refused.status_code == 422
    assert "never type a real card" in refused.text
    assert not any(number in refused.text + kept for number in (REAL, REAL.replace(" ", "")))


async def test_of_a_test_card_the_last_four_digits_are_kept(place: Place) -> None:
    session = await place.checkout()
    await place.press(session.url, do="pay", number="4242424242424242")
    with place.sandbox.unit() as work:
        kept = "\n".join(work.db.iterdump())

    assert "4242424242424242" not in kept
    assert '"last4": "4242"' in kept


async def test_what_people_typed_is_shown_as_text(place: Place) -> None:
    name = "<img src=x onerror=alert(1)>"
    product: Any = {"name": name}
    price = {"currency": "usd", "unit_amount": 500, "product_data": product}
    session = await place.checkout(line_items=[{"price_data": price, "quantity": 1}])

    page = (await place.http.get(session.url)).text
    assert name not in page
    assert "&lt;img src=x" in page


async def test_a_form_of_another_site_does_nothing(place: Place) -> None:
    session = await place.checkout()
    away = {"Sec-Fetch-Site": "cross-site"}
    for url in (session.url, f"{place.url}/control"):
        answer = await place.http.post(url, data={"do": "expire", "id": session.id}, headers=away)
        assert answer.status_code == 403

    assert "checkout.session.expired" not in await place.event_types()


async def test_a_customer_looks_after_their_cards(place: Place) -> None:
    customer, old = await place.saved()
    portal = await place.v1.billing_portal.sessions.create_async(
        {"customer": customer.id, "return_url": "https://shop.example/account"}
    )
    await place.press(portal.url, do="add", number="5555555555554444")
    await place.press(portal.url, do="remove", card=old.id)
    page = await place.http.get(portal.url)
    now = await place.v1.customers.retrieve_async(
        customer.id, {"expand": ["invoice_settings.default_payment_method"]}
    )

    assert now.invoice_settings.default_payment_method.card.brand == "mastercard"
    assert "mastercard ending in 4444 <strong>(used)</strong>" in page.text
    assert "visa ending" not in page.text
    assert "https://shop.example/account" in page.text
    assert {"payment_method.detached", "customer.updated"} <= set(await place.event_types())


async def test_a_declined_card_is_not_added(place: Place) -> None:
    customer = await place.customer()
    portal = await place.v1.billing_portal.sessions.create_async({"customer": customer.id})
    await place.press(portal.url, do="add", number="4000000000000002")
    page = await place.http.get(portal.url)

    assert "Your card was declined." in page.text
    assert "There is no card yet." in page.text


async def test_a_card_that_asks_is_added_when_the_bank_has_its_answer(place: Place) -> None:
    customer = await place.customer()
    portal = await place.v1.billing_portal.sessions.create_async({"customer": customer.id})
    asked = await place.press(portal.url, do="add", number="4000002500003155")
    before = (await place.v1.customers.payment_methods.list_async(customer.id)).data
    back = await place.press(place.url + asked.headers["location"], answer="complete")
    after = (await place.v1.customers.payment_methods.list_async(customer.id)).data

    assert (before, len(after)) == ([], 1)
    assert back.headers["location"].startswith(f"{portal.url}?setup_intent=")


async def test_a_flow_with_one_purpose_leads_back_when_it_is_fulfilled(place: Place) -> None:
    customer = await place.customer()
    after = {"type": "redirect", "redirect": {"return_url": "https://shop.example/thanks"}}
    flow = {"type": "payment_method_update", "after_completion": after}
    portal = await place.v1.billing_portal.sessions.create_async(
        {"customer": customer.id, "flow_data": flow}
    )
    done = await place.press(portal.url, do="add", number="4242424242424242")

    assert done.headers["location"] == "https://shop.example/thanks"


async def test_a_portal_link_stops_working_after_an_hour(place: Place) -> None:
    customer = await place.customer()
    portal = await place.v1.billing_portal.sessions.create_async({"customer": customer.id})
    place.sandbox.advance(3600)

    assert (await place.http.get(portal.url)).status_code == 404
