"""Two installations on one account, over the real SDK: each knows what it has made itself."""

import httpx2
import pytest

from core.kernel.money import Asset, Money
from core.payments import (
    CHECKOUT_ID,
    Checkout,
    CheckoutDraft,
    CheckoutLine,
    CheckoutMode,
    CustomerDraft,
    ProductDraft,
)
from mcp_server.adapters.stripe import StripeGateway, client_over, open_gateway
from mcp_server.sandbox import create_sandbox
from tests.stripe.people import BASE, KEY
from tests.world import FrozenClock

pytestmark = pytest.mark.anyio

NAMES = {"project_id": "prj_1", "payment_id": "pay_1"}


async def bought(gateway: StripeGateway) -> Checkout:
    customer = await gateway.save_customer(CustomerDraft(name="Acme"), key="customer")
    await gateway.save_product(ProductDraft(name="Pack", metadata=NAMES), key="product")
    draft = CheckoutDraft(
        mode=CheckoutMode.PAYMENT,
        customer_id=customer.id,
        reference="chk_1",
        success_url=f"https://bursar.test/{CHECKOUT_ID}",
        lines=(CheckoutLine(name="Pack", unit=Money(1000, Asset("USD", 2))),),
        metadata=NAMES,
    )
    return await gateway.open_checkout(draft, key="checkout")


async def test_each_installation_knows_what_is_its_own_and_reads_no_mark_of_it() -> None:
    clock = FrozenClock()
    made = create_sandbox(path=None, now=lambda: clock.now().timestamp(), url=BASE, secret_key=KEY)
    inside = client_over(httpx2.ASGITransport(made.app))
    one, other, none = [
        open_gateway(KEY, installation=name, base=BASE, http=inside, clock=clock)
        for name in ("one", "other", "")
    ]

    page = await bought(one)

    told = [await each.read_checkout(page.id) for each in (one, other, none)]
    assert [each.elsewhere for each in told] == [False, True, True]
    assert [each.metadata for each in told] == [NAMES] * 3
    assert (page.elsewhere, page.metadata) == (False, NAMES)
    await inside.close_async()
    made.sandbox.close()


async def test_what_carries_no_mark_is_taken_for_ours() -> None:
    clock = FrozenClock()
    made = create_sandbox(path=None, now=lambda: clock.now().timestamp(), url=BASE, secret_key=KEY)
    inside = client_over(httpx2.ASGITransport(made.app))
    old, new = [
        open_gateway(KEY, installation=name, base=BASE, http=inside, clock=clock)
        for name in ("", "one")
    ]

    page = await bought(old)

    assert (await new.read_checkout(page.id)).elsewhere is False
    await inside.close_async()
    made.sandbox.close()
