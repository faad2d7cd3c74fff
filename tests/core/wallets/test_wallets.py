"""Wallets hold one asset, show it from the customer's side, and are found in their project only."""

import pytest

from core.kernel.caller import Role
from core.kernel.ids import compose
from tests.core.wallets.bank import admin, ask, must, open_project, open_wallet, viewer
from tests.world import AUDITOR, OPERATOR, World, agent

pytestmark = pytest.mark.anyio


async def test_a_granted_wallet_shows_what_can_be_spent(world: World) -> None:
    project = await open_project(world)
    wallet = await open_wallet(world, project, "25.00")

    balance = await must(world, "check_balance", viewer(project), wallet_id=wallet)

    shown = {name: balance[name] for name in ("asset", "posted", "held", "available", "floor")}
    assert shown == {
        "asset": "USD/2",
        "posted": "25.00",
        "held": "0.00",
        "available": "25.00",
        "floor": "0.00",
    }


async def test_a_statement_shows_the_balance_before_and_after_each_transaction(
    world: World,
) -> None:
    project = await open_project(world)
    source, target = await open_wallet(world, project, "25.00"), await open_wallet(world, project)
    move = {"from_wallet_id": source, "to_wallet_id": target, "amount": "10", "memo": "Team"}
    await must(world, "transfer_credits", admin(project), **move)

    page = await must(world, "list_transactions", viewer(project), wallet_id=source)

    told = [
        (each["kind"], each["amount"], each["balance_before"], each["balance_after"], each["memo"])
        for each in page["items"]
    ]
    assert told == [
        ("transfer", "-10.00", "25.00", "15.00", "Team"),
        ("grant", "25.00", "0.00", "25.00", ""),
    ]
    assert page["next_cursor"] is None


async def test_a_statement_goes_on_where_its_cursor_says(world: World) -> None:
    project = await open_project(world)
    wallet = await open_wallet(world, project, "1")
    for n in range(4):
        named = {"project_id": project, "wallet_id": wallet}
        await must(world, "grant_credits", OPERATOR, **named, amount=str(n + 2))
    seen, cursor = [], None
    for _ in range(3):
        page = await must(
            world, "list_transactions", viewer(project), wallet_id=wallet, limit=2, cursor=cursor
        )
        seen += [each["amount"] for each in page["items"]]
        cursor = page["next_cursor"]

    assert seen == ["5.00", "4.00", "3.00", "2.00", "1.00"]
    assert cursor is None


@pytest.mark.parametrize("cursor", ["x", "WzFd", "WyJhIl0", "!!!!", "WyJ3YWxfeCJd"])
@pytest.mark.parametrize("name", ["list_transactions", "list_wallets"])
async def test_a_cursor_of_another_list_is_refused(world: World, name: str, cursor: str) -> None:
    project = await open_project(world)
    wallet = await open_wallet(world, project)
    sent = {"wallet_id": wallet} if name == "list_transactions" else {}

    outcome = await ask(world, name, viewer(project), cursor=cursor, **sent)

    assert outcome.error is not None
    assert outcome.error.code == "invalid_cursor"


async def test_a_transfer_that_is_short_says_by_how_much_and_moves_nothing(world: World) -> None:
    project = await open_project(world)
    source, target = await open_wallet(world, project, "4.00"), await open_wallet(world, project)

    move = {"from_wallet_id": source, "to_wallet_id": target, "amount": "10"}
    outcome = await ask(world, "transfer_credits", admin(project), **move)

    assert outcome.error is not None
    assert (outcome.error.code, str(outcome.error.facts["shortfall"])) == (
        "insufficient_funds",
        "6.00 USD",
    )
    balance = await must(world, "check_balance", viewer(project), wallet_id=source)
    assert balance["available"] == "4.00"


async def test_assets_are_never_moved_into_each_other(world: World) -> None:
    project = await open_project(world)
    dollars = await open_wallet(world, project, "4")
    millionths = await open_wallet(world, project, asset="USD/6")

    move = {"from_wallet_id": dollars, "to_wallet_id": millionths, "amount": "1"}
    outcome = await ask(world, "transfer_credits", admin(project), **move)

    assert outcome.error is not None
    assert outcome.error.code == "assets_differ"


async def test_a_wallet_is_not_moved_into_itself(world: World) -> None:
    project = await open_project(world)
    wallet = await open_wallet(world, project, "4")

    move = {"from_wallet_id": wallet, "to_wallet_id": wallet, "amount": "1"}
    outcome = await ask(world, "transfer_credits", admin(project), **move)

    assert outcome.error is not None
    assert outcome.error.facts["problems"][0]["field"] == "to_wallet_id"


@pytest.mark.parametrize("amount", ["0.001", "99999999999999999999", "9223372036854775807"])
async def test_an_amount_the_asset_cannot_hold_is_refused_by_its_field(
    world: World, amount: str
) -> None:
    project = await open_project(world)
    wallet = await open_wallet(world, project)
    sent = {"project_id": project, "wallet_id": wallet, "amount": amount}

    outcome = await ask(world, "grant_credits", OPERATOR, **sent)

    assert outcome.error is not None
    assert outcome.error.facts["problems"][0]["field"] == "amount"


@pytest.mark.parametrize("role", list(Role))
async def test_no_project_role_makes_value_out_of_nothing(world: World, role: Role) -> None:
    project = await open_project(world)
    wallet = await open_wallet(world, project, "1")
    caller = agent(role, project)
    [grant] = (await must(world, "list_transactions", caller, wallet_id=wallet))["items"]

    tries = (
        await ask(world, "grant_credits", caller, wallet_id=wallet, amount="1"),
        await ask(world, "reverse_transaction", caller, transaction_id=grant["id"]),
        await ask(world, "create_wallet", caller, name="Free", asset="USD/2", floor="-100"),
    )

    codes = {each.error.code for each in tries if each.error}
    assert codes <= {"not_allowed", "floor_not_allowed"}
    assert all(each.error for each in tries)


async def test_an_operator_may_allow_an_overdraft_to_a_floor_and_no_further(world: World) -> None:
    project = await open_project(world)
    source = await open_wallet(world, project, floor="-5.00")
    target = await open_wallet(world, project)
    move = {"from_wallet_id": source, "to_wallet_id": target}

    await must(world, "transfer_credits", admin(project), **move, amount="5")
    outcome = await ask(world, "transfer_credits", admin(project), **move, amount="0.01")

    assert outcome.error is not None
    assert outcome.error.code == "insufficient_funds"


async def test_a_reversed_grant_is_gone_and_both_stay_on_the_statement(world: World) -> None:
    project = await open_project(world)
    wallet = await open_wallet(world, project, "5")
    page = await must(world, "list_transactions", AUDITOR, project_id=project, wallet_id=wallet)
    grant = page["items"][0]["id"]

    named = {"project_id": project, "transaction_id": grant}
    reversal = await must(world, "reverse_transaction", OPERATOR, **named)

    page = await must(world, "list_transactions", AUDITOR, project_id=project, wallet_id=wallet)
    told = [(each["kind"], each["balance_after"], each["reverses"]) for each in page["items"]]
    assert told == [("reversal", "0.00", grant), ("grant", "5.00", None)]
    assert reversal["reverses"] == grant


async def test_a_members_own_wallet_needs_a_member(world: World) -> None:
    project = await open_project(world)
    sent = {"project_id": project, "name": "Own", "asset": "USD/2", "user_id": compose("usr", 66)}

    outcome = await ask(world, "create_wallet", OPERATOR, **sent)

    assert outcome.error is not None
    assert outcome.error.code == "member_not_found"


async def test_wallets_of_another_project_are_not_found(world: World) -> None:
    mine, other = await open_project(world), await open_project(world, "Other")
    wallet, foreign = await open_wallet(world, mine, "5"), await open_wallet(world, other, "5")
    caller = admin(mine)

    tries = (
        await ask(world, "check_balance", caller, wallet_id=foreign),
        await ask(world, "list_transactions", caller, wallet_id=foreign),
        await ask(
            world,
            "transfer_credits",
            caller,
            from_wallet_id=foreign,
            to_wallet_id=wallet,
            amount="1",
        ),
        await ask(world, "check_balance", caller, wallet_id=foreign, project_id=other),
    )

    assert [each.error.code for each in tries if each.error] == [
        "wallet_not_found",
        "wallet_not_found",
        "wallet_not_found",
        "project_not_found",
    ]
