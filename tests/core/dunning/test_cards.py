"""A link from a mail lets a card be left, without signing in, and nothing else; it is paid with."""

import re
from datetime import timedelta

import pytest

from core import dunning, jobs, parties
from core.dunning import links
from core.kernel.caller import ANONYMOUS
from core.kernel.ids import compose
from core.kernel.money import Asset
from core.messaging import mailing
from core.payments import Method
from tests.core.collecting.till import Till, open_till
from tests.core.ledger.books import unit
from tests.core.topups.pump import DECLINED
from tests.world import World

pytestmark = pytest.mark.anyio

USD = Asset.parse("USD/2")


async def owing(world: World, *, name: str = "Acme", language: str = "en") -> Till:
    """Have an invoice whose card was declined, and a first mail about that."""
    till = await open_till(world, decline=DECLINED)
    async with unit(world, till.project) as work:
        told = {"email": "books@acme.test", "language": language}
        await parties.set_details(work, told)
        await jobs.install(work, dunning.SCHEDULES)
    await till.must("update_project", project_id=till.project, name=name)
    await till.collect()
    world.clock.advance(days=7, hours=1)
    await till.work_off()
    return till


async def letters(till: Till) -> list[mailing.Kept]:
    async with unit(till.world, till.project) as work:
        kept = await mailing.kept(work, "https://bursar.test")
    return [each for each in kept if each.purpose == "dunning"]


def token_of(mail: mailing.Kept) -> str:
    [found] = re.findall(r"https://bursar\.test/billing/card/(\S+)", mail.text or "")
    return str(found)


async def test_a_card_that_is_left_by_the_link_is_chosen_and_what_is_owed_is_paid_with_it_at_once(
    world: World,
) -> None:
    till = await owing(world)
    token = token_of((await letters(till))[0])

    begun = await till.must("open_card_update", ANONYMOUS, token=token)
    await till.work_off()
    page = await till.must("open_card_update", ANONYMOUS, token=token)

    assert begun.keys() == {"state", "url", "expires_at"}
    assert (begun["state"], page["state"]) == ("opening", "open")
    till.provider.pay(await till.page_of(page))
    await till.hear()
    await till.work_off()
    new, _ = till.provider.all(Method)
    [run] = (await till.must("list_dunning_runs"))["items"]
    assert (run["state"], run["outcome"]) == ("closed", "recovered")
    methods = (await till.must("list_payment_methods"))["items"]
    assert [each["is_default"] for each in methods] == [True, False]
    assert [each.method_id for each in till.paid()] == [new.id]
    assert (await till.must("get_billing_status"))["banner"] == "none"
    mails = len(await letters(till))
    world.clock.advance(days=20)
    await till.work_off()
    assert len(await letters(till)) == mails
    await till.must_agree()


async def test_however_often_a_link_is_opened_there_is_one_page(world: World) -> None:
    till = await owing(world)
    token = token_of((await letters(till))[0])

    for _ in range(5):
        await till.must("open_card_update", ANONYMOUS, token=token)
        await till.work_off()

    assert [name for name, _ in till.gateway.asked].count("open_checkout") == 2
    world.clock.advance(days=1)
    again = await till.must("open_card_update", ANONYMOUS, token=token)
    assert again["state"] == "opening"


async def test_a_link_that_was_changed_or_is_old_or_another_projects_is_no_link(
    world: World,
) -> None:
    till = await open_till(world, card=False)
    async with unit(world, till.project) as work:
        until = work.now + timedelta(hours=1)
        good, other = [
            links.path_of(work, links.Link(each, USD, until)).removeprefix(links.PATH)
            for each in (till.project, compose("prj", 77))
        ]
    forged = other[:21] + good[21:]
    changed = [good[:n] + ("A" if good[n] != "A" else "B") + good[n + 1 :] for n in (5, 25, 40, 50)]

    for token in ("x", "AAAA", good[:-1], forged, *changed):
        assert (
            await till.refused("open_card_update", ANONYMOUS, token=token) == "card_link_not_good"
        )

    assert (await till.must("open_card_update", ANONYMOUS, token=good))["state"] == "opening"
    world.clock.advance(hours=1)
    assert await till.refused("open_card_update", ANONYMOUS, token=good) == "card_link_not_good"


async def test_a_letter_is_written_in_the_language_of_the_invoices_as_text_and_as_a_page(
    world: World,
) -> None:
    till = await owing(world, name="<b>Ärger & Söhne</b>", language="de")

    mails = await letters(till)
    assert sorted(each.address for each in mails) == ["books@acme.test", "owner@example.com"]
    assert mails[0].subject == (
        "<b>Ärger & Söhne</b>: Eine Zahlung über 100,00 USD ist fehlgeschlagen"
    )
    assert "100,00 USD für die Rechnung INV-2026-000001" in (mails[0].text or "")
