"""Pages of others on the same account, and pages that are not for everybody who may look."""

from dataclasses import replace

import pytest

from core import inbox, payments
from core.kernel.caller import SYSTEM, Role
from tests.core.checkouts.shop import open_shop
from tests.world import AUDITOR, World, agent

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("names", [{}, {"project_id": "website-7"}])
async def test_a_page_of_somebody_else_on_the_account_is_kept_and_ignored(
    world: World, names: dict[str, str]
) -> None:
    shop = await open_shop(world)
    checkout = await shop.buy()
    paid = shop.provider.pay(await shop.page_of(checkout))
    await shop.hear()
    other = replace(paid, id="cs_other", metadata=names)
    shop.provider.keep(other, "checkout.session.completed")

    await shop.hear()

    async with world.database.read(SYSTEM) as work:
        kept = await inbox.find_event(work, inbox.STRIPE, shop.provider.events[-1].id)
    assert kept
    assert kept.state is inbox.State.IGNORED
    assert len([*shop.provider.all(payments.Payment)]) == 1


@pytest.mark.parametrize(
    ("name", "sent"),
    [("create_portal_session", {}), ("create_payment_method_setup", {"currency": "USD/2"})],
)
async def test_where_methods_are_changed_is_told_only_to_who_may_change_them(
    world: World, name: str, sent: dict[str, str]
) -> None:
    shop = await open_shop(world)
    opened = await shop.must(name, **sent)
    assert opened["url"]
    here = {"project_id": shop.project, "checkout_id": opened["id"]}

    told = {
        who: (await shop.must("get_checkout", caller, **here))["url"]
        for who, caller in {
            "viewer": agent(Role.VIEWER, shop.project),
            "member": shop.member,
            "auditor": AUDITOR,
            "admin": shop.admin,
        }.items()
    }

    assert told == {"viewer": None, "member": None, "auditor": None, "admin": opened["url"]}
