"""A link to pay that an agent was given leads its own person on, and nobody else."""

from dataclasses import replace

import pytest

from core.kernel.caller import Role
from core.operations.perform import Call
from tests.stories.serving import Served
from tests.stories.test_buying_pages import NOTHING, shop, signed_in
from tests.world import agent

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120)]


async def link_for(served: Served, user_id: str) -> str:
    """Have an agent of this person open a checkout, and return our own link to it."""
    caller = replace(agent(Role.MEMBER, served.acme), user_id=user_id)
    call = Call(caller=caller, arguments={"pack_key": "starter"}, door="test")
    operation = served.installation.operations["create_checkout"]
    made = (await served.installation.gate.perform(operation, call)).unwrap()
    assert made["user_id"] == user_id
    return f"/checkout/go?project_id={served.acme}&checkout_id={made['id']}"


async def test_a_link_leads_the_person_who_asked_and_no_other_member(served: Served) -> None:
    await shop(served)
    own = await link_for(served, served.member.user_id)
    anothers = await link_for(served, served.operator.user_id)

    async with signed_in(served, served.member) as http:
        led, refused = await http.get(own), await http.get(anothers)
    async with signed_in(served, None) as http:
        asked = await http.get(own)

    assert led.status_code == 200
    assert f"{served.base}/sandbox/stripe/" in led.text
    assert (refused.status_code, NOTHING in refused.text) == (404, True)
    assert str(asked.url).startswith(f"{served.base}/sign-in")
    assert "/sandbox/stripe/" not in asked.text
