"""Who may buy, who may only look, and who learns nothing: the console's pages as they are asked."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import urljoin

import httpx2
import pytest

from tests.stories.browser import Form, navigation
from tests.stories.serving import Person, Served

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120)]

NOTHING = "Nothing is here"


@asynccontextmanager
async def signed_in(served: Served, person: Person | None) -> AsyncIterator[httpx2.AsyncClient]:
    """Lend a browser without scripts, in which this person has signed in."""
    headers = navigation("same-origin") | {"Origin": served.base}
    async with httpx2.AsyncClient(
        base_url=served.base, timeout=20, headers=headers, follow_redirects=True
    ) as http:
        if person:
            page = await http.get("/sign-in")
            access = {"email": person.email, "password": person.password}
            await submit(http, page, access)
        yield http


async def submit(
    http: httpx2.AsyncClient, page: httpx2.Response, values: Mapping[str, str]
) -> httpx2.Response:
    form = Form(page.text)
    action = urljoin(str(page.url), form.action or str(page.url))
    return await http.post(action, data=form.values | dict(values))


async def shop(served: Served) -> None:
    pack = {"pack_key": "starter", "name": "Starter", "asset": "CREDIT/6", "currency": "USD/2"}
    await served.ask("create_credit_pack", credits="1000", price="10.00", **pack)
    for project in (served.acme, served.heron):
        wallet = {"name": "Prepaid", "asset": "CREDIT/6"}
        await served.ask("create_wallet", project_id=project, **wallet)


async def test_pressing_buy_twice_opens_one_payment_page(served: Served) -> None:
    await shop(served)
    async with signed_in(served, served.member) as http:
        page = await http.get("/credits")
        first, again = [await submit(http, page, {}) for _ in range(2)]

    assert first.url == again.url
    assert "On to the payment page" in first.text
    assert f"url={served.base}/sandbox/stripe/" in first.text


async def test_what_cannot_be_bought_is_said_above_the_offers(served: Served) -> None:
    await shop(served)
    async with signed_in(served, served.member) as http:
        page = await http.get("/credits")
        for wrong in ({"quantity": "0"}, {"quantity": "1.5"}, {"pack_key": "no_such_pack"}):
            answer = await submit(http, page, wrong)
            assert answer.status_code == 400
            assert 'role="alert"' in answer.text
            assert "Starter" in answer.text


async def test_a_viewer_sees_the_offers_and_no_way_to_buy(served: Served) -> None:
    await shop(served)
    viewer = {"project_id": served.acme, "user_id": served.member.user_id, "role": "viewer"}
    await served.ask("change_member_role", **viewer)
    async with signed_in(served, served.member) as http:
        page = await http.get("/credits")
        assert "Starter" in page.text
        assert "/credits/buy" not in page.text
        token = Form((await http.get("/account")).text).values["csrf_token"]
        form = {"csrf_token": token, "project_id": served.acme, "pack_key": "starter"}
        refused = await http.post("/credits/buy", data=form | {"quantity": "1"})

    assert refused.status_code in {400, 403}
    assert "role" in refused.text


async def test_another_project_and_none_at_all_are_the_same_page(served: Served) -> None:
    await shop(served)
    made = await served.ask("create_checkout", project_id=served.heron, pack_key="starter")
    of_heron = f"project_id={served.heron}&checkout_id={made['id']}"
    nobody = served.heron[:-4] + "zzzz"
    async with signed_in(served, served.member) as http:
        answers = [
            await http.get(f"/credits?project_id={served.heron}"),
            await http.get(f"/credits?project_id={nobody}"),
            await http.get("/credits?project_id=%00'"),
            await http.get(f"/checkout/go?{of_heron}"),
            await http.get(f"/checkout/go?project_id={served.acme}&checkout_id={made['id']}"),
        ]
        back = await http.get(f"/checkout/success?{of_heron}")

    assert {(each.status_code, NOTHING in each.text) for each in answers} == {(404, True)}
    assert "Thank you" in back.text
    assert "1,000" not in back.text


async def test_who_is_not_signed_in_is_thanked_and_told_nothing(served: Served) -> None:
    await shop(served)
    made = await served.ask("create_checkout", project_id=served.acme, pack_key="starter")
    async with signed_in(served, None) as http:
        back = await http.get(
            f"/checkout/success?project_id={served.acme}&checkout_id={made['id']}"
        )
        asked = await http.get("/credits")

    assert back.status_code == 200
    assert "Sign in to see what became of it" in back.text
    assert made["id"] not in back.text.replace(f"checkout_id%3D{made['id']}", "")
    assert str(asked.url).startswith(f"{served.base}/sign-in")


async def test_staff_choose_among_all_projects(served: Served) -> None:
    await shop(served)
    async with signed_in(served, served.operator) as http:
        page = await http.get("/credits")
        assert "Acme" in page.text
        assert "Heron" in page.text
        chosen = await http.get(f"/credits?project_id={served.heron}")

    assert "Starter" in chosen.text
