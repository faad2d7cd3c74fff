"""A person buys credits in a browser, on the simulated pages of the payment provider."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.stories.serving import Person, Served

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(180)]

CREDIT = "CREDIT/6"
SECONDS_MAX = 30.0
SHOTS = os.environ.get("BURSAR_SCREENSHOTS", "")


async def shoot(page: Page, name: str) -> None:
    """Keep a picture for people, where somebody asked for them."""
    if SHOTS:
        await page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


async def open_shop(served: Served) -> str:
    """Put a pack on sale and give the project a wallet for it."""
    await served.ask(
        "create_credit_pack",
        pack_key="starter",
        name="Starter",
        credits="1000",
        bonus_credits="50",
        asset=CREDIT,
        price="10.00",
        currency="USD/2",
    )
    wallet = await served.ask("create_wallet", project_id=served.acme, name="Prepaid", asset=CREDIT)
    return str(wallet["id"])


async def sign_in(page: Page, served: Served, person: Person, path: str) -> None:
    await page.goto(f"{served.base}{path}")
    await page.get_by_label("E-mail").fill(person.email)
    await page.get_by_label("Password").fill(person.password)
    await page.get_by_role("button", name="Sign in").click()


async def available(served: Served, wallet: str) -> str:
    told = await served.ask("check_balance", project_id=served.acme, wallet_id=wallet)
    return str(told["available"])


async def test_a_member_buys_a_pack_after_a_card_was_declined(page: Page, served: Served) -> None:
    wallet = await open_shop(served)
    await sign_in(page, served, served.member, "/credits")
    await expect(
        page.get_by_text("1,000 CREDIT and 50 CREDIT on top for 10.00 USD")
    ).to_be_visible()
    await shoot(page, "credits")

    await page.get_by_label("How many").fill("2")
    await page.get_by_role("button", name="Buy").click()
    await page.wait_for_url("**/sandbox/stripe/**")
    await expect(page.get_by_text("simulated", exact=False).first).to_be_visible()
    await shoot(page, "provider")
    await page.get_by_label("Card number").fill("4000000000000002")
    await page.locator("#pay").click()
    await expect(page.get_by_role("alert")).to_contain_text("declined")
    await shoot(page, "declined")
    assert await available(served, wallet) == "0.000000"

    await page.get_by_label("Card number").fill("4242424242424242")
    await page.locator("#pay").click()
    await expect(page.get_by_role("heading", name="Paid")).to_be_visible()
    await expect(page.locator("#available")).to_contain_text("2,100 CREDIT")
    await shoot(page, "paid")
    assert await available(served, wallet) == "2100.000000"
    await page.reload()
    await expect(page.locator("#available")).to_contain_text("2,100 CREDIT")
    proof = await served.installation.prove()
    assert proof.differences == []


async def test_who_comes_back_without_paying_is_charged_nothing(page: Page, served: Served) -> None:
    wallet = await open_shop(served)
    await sign_in(page, served, served.member, "/credits")
    await page.get_by_role("button", name="Buy").click()
    await page.wait_for_url("**/sandbox/stripe/**")
    await page.locator("#cancel").click()

    await expect(page.get_by_role("heading", name="Not paid")).to_be_visible()
    await shoot(page, "canceled")
    assert await available(served, wallet) == "0.000000"


async def buy(page: Page, served: Served, card: str) -> str:
    """Buy one pack with this card; return the payment's id."""
    await page.goto(f"{served.base}/credits")
    await page.get_by_role("button", name="Buy").click()
    await page.wait_for_url("**/sandbox/stripe/**")
    await page.get_by_label("Card number").fill(card)
    await page.locator("#pay").click()
    await expect(page.get_by_role("heading", name="Paid")).to_be_visible()
    paid = await served.ask("list_payments", project_id=served.acme)
    return str(paid["items"][0]["id"])


async def until(told: Callable[[], Awaitable[str]], wanted: str) -> None:
    """Wait until this is told: what banks do is told by events, a moment later."""
    async with asyncio.timeout(SECONDS_MAX):
        while await told() != wanted:  # noqa: ASYNC110 - other tasks do it
            await asyncio.sleep(0.05)


async def test_what_is_given_back_is_taken_back(page: Page, served: Served) -> None:
    wallet = await open_shop(served)
    await sign_in(page, served, served.member, "/credits")
    payment = await buy(page, served, "4242424242424242")
    assert await available(served, wallet) == "1050.000000"

    half = {"payment_id": payment, "amount": "5.00"}
    refunded = await served.ask("refund_payment", project_id=served.acme, **half)
    assert refunded["state"] == "succeeded"
    await page.goto(f"{served.base}/credits")
    await expect(page.get_by_text("525 CREDIT")).to_be_visible()
    await shoot(page, "refunded")
    assert await available(served, wallet) == "525.000000"
    proof = await served.installation.prove()
    assert proof.differences == []


async def test_a_dispute_freezes_the_credits_and_losing_it_takes_them(
    page: Page, served: Served
) -> None:
    wallet = await open_shop(served)
    await sign_in(page, served, served.member, "/credits")
    await buy(page, served, "4000000000000259")
    await until(lambda: available(served, wallet), "0.000000")
    assert await status(served) == "needs_response"

    await page.context.clear_cookies()
    await sign_in(page, served, served.operator, "/account")
    await page.goto(f"{served.base}/sandbox/stripe/control")
    await shoot(page, "control")
    await page.get_by_role("button", name="The operator loses").click()
    await until(lambda: status(served), "lost")
    told = await served.ask("check_balance", project_id=served.acme, wallet_id=wallet)
    assert (told["available"], told["held"]) == ("0.000000", "0.000000")
    proof = await served.installation.prove()
    assert proof.differences == []
    report = await served.ask("reconcile_payments")
    await until(lambda: state(served, report["id"]), "clean")


async def state(served: Served, reconciliation_id: str) -> str:
    told = await served.ask("get_reconciliation", reconciliation_id=reconciliation_id)
    assert told["differences"] == 0
    return str(told["state"])


async def status(served: Served) -> str:
    [dispute] = (await served.ask("list_disputes", project_id=served.acme))["items"]
    return str(dispute["status"])
