"""A project with an owner, and wallets in it, made by asking as anybody would."""

from collections import Counter
from typing import Any

from sqlalchemy import select

from core import jobs, surface
from core.db.work import Work
from core.jobs import Runtime, Schedule
from core.kernel.caller import SYSTEM, Caller, Role
from core.kernel.ids import compose
from core.ledger import tables as ledger_tables
from core.messaging import tables as messaging_tables
from core.operations.perform import Call, Outcome
from core.projects import know_person
from core.wallets.jobs import expire_credits
from tests.world import OPERATOR, World, agent

BY_NAME = {each.name: each for each in surface.OPERATIONS}
OWNER = compose("usr", 7)


async def ask(
    world: World, name: str, caller: Caller, key: str | None = None, /, **arguments: Any
) -> Outcome:
    call = Call(caller=caller, arguments=arguments, door="test", idempotency_key=key)
    return await world.gate.perform(BY_NAME[name], call)


async def must(world: World, name: str, caller: Caller, /, **arguments: Any) -> dict[str, Any]:
    return (await ask(world, name, caller, **arguments)).unwrap()


async def open_project(world: World, name: str = "Acme") -> str:
    async with world.database.begin(OPERATOR) as work:
        await _owner(work)
    project = await must(world, "create_project", OPERATOR, name=name, owner_user_id=OWNER)
    return str(project["id"])


async def _owner(work: Work) -> None:
    await know_person(work, OWNER, "owner@example.com", "Olive Owner", is_operator=False)


async def open_wallet(
    world: World, project_id: str, amount: str = "", asset: str = "USD/2", **more: Any
) -> str:
    wallet = await must(
        world, "create_wallet", OPERATOR, project_id=project_id, name="W", asset=asset, **more
    )
    if amount:
        await must(
            world,
            "grant_credits",
            OPERATOR,
            project_id=project_id,
            wallet_id=wallet["id"],
            amount=amount,
        )
    return str(wallet["id"])


def admin(project_id: str) -> Caller:
    return agent(Role.ADMIN, project_id)


def viewer(project_id: str) -> Caller:
    return agent(Role.VIEWER, project_id)


def member(project_id: str, number: int = 1) -> Caller:
    return agent(Role.MEMBER, project_id, number=number)


async def refused(world: World, name: str, caller: Caller, /, **arguments: Any) -> str:
    """Ask for what must be refused, and return the code it is refused with."""
    outcome = await ask(world, name, caller, **arguments)
    assert outcome.error is not None, outcome.body
    return outcome.error.code


async def grant(world: World, wallet_id: str, amount: str, **more: Any) -> dict[str, Any]:
    project = await _project_of(world, wallet_id)
    sent = {"project_id": project, "wallet_id": wallet_id, "amount": amount, **more}
    return await must(world, "grant_credits", OPERATOR, **sent)


async def spend(world: World, wallet_id: str, amount: str, **more: Any) -> dict[str, Any]:
    """Take credits out of a wallet for use: as a charge does, but for as much as is wanted."""
    held = await hold(world, wallet_id, amount, **more)
    return await capture(world, held["hold_id"], wallet_id)


async def hold(world: World, wallet_id: str, amount: str, **more: Any) -> dict[str, Any]:
    caller = member(await _project_of(world, wallet_id))
    return await must(world, "hold_credits", caller, wallet_id=wallet_id, amount=amount, **more)


async def capture(world: World, hold_id: str, wallet_id: str, **more: Any) -> dict[str, Any]:
    caller = member(await _project_of(world, wallet_id))
    return await must(world, "capture_hold", caller, hold_id=hold_id, **more)


async def release(world: World, hold_id: str, wallet_id: str) -> dict[str, Any]:
    caller = member(await _project_of(world, wallet_id))
    return await must(world, "release_hold", caller, hold_id=hold_id)


async def available(world: World, wallet_id: str) -> str:
    caller = viewer(await _project_of(world, wallet_id))
    balance = await must(world, "check_balance", caller, wallet_id=wallet_id)
    return str(balance["available"])


async def left(world: World, wallet_id: str) -> dict[str, str]:
    """What is left of each of a wallet's grants, by its source, the oldest first."""
    caller = viewer(await _project_of(world, wallet_id))
    page = await must(world, "list_grants", caller, wallet_id=wallet_id)
    return {each["source"]: each["remaining"] for each in reversed(page["items"])}


async def _project_of(world: World, wallet_id: str) -> str:
    a = ledger_tables.accounts.c
    async with world.database.read(SYSTEM) as work:
        query = select(a.project_id).where(a.id == wallet_id.replace("wal_", "acc_"))
        return str((await work.execute(query)).scalar_one())


async def sell_calls(world: World) -> None:
    """Have a meter whose every unit costs a cent, so that `charge` may take any amount."""
    meter = {"key": "cents", "aggregation": "sum", "property": "cents", "price": "0.01"}
    named = {"name": "Cents", "unit": "cent", "asset": "USD/2"}
    await must(world, "create_meter", OPERATOR, **meter, **named)


def cents(wallet_id: str, event_id: str, amount: int) -> dict[str, Any]:
    """What charge_usage is sent to take so many cents."""
    used = {"meter_key": "cents", "properties": {"cents": amount}}
    return {"event_id": event_id, "wallet_id": wallet_id, **used}


async def told(world: World, *kinds: str) -> list[tuple[str, dict[str, Any]]]:
    """Return every event of these kinds that was published, in their order."""
    o = messaging_tables.outbox.c
    async with world.database.read(SYSTEM) as work:
        query = select(o.type, o.data).where(o.type.in_(kinds)).order_by(o.id)
        return [(row.type, row.data) for row in await work.execute(query)]


async def install_expiry(world: World) -> Runtime:
    async with world.database.begin(SYSTEM) as work:
        await jobs.install(work, [Schedule(expire_credits, every_seconds=60)])
    return Runtime(world.database, {expire_credits.name: expire_credits})


async def accounts(world: World, *roles: str) -> dict[str, int]:
    """Return what the operator's accounts of these roles hold, in cents, over all projects."""
    a = ledger_tables.accounts.c
    held: Counter[str] = Counter(dict.fromkeys(roles, 0))
    async with world.database.read(SYSTEM) as work:
        for row in await work.execute(select(a.role, a.posted, a.side).where(a.role.in_(roles))):
            held[row.role] += row.posted * row.side
    return dict(held)


async def must_agree(world: World) -> None:
    """Prove the books; and that grants have left what their wallet has, but for what is pinned."""
    proof = await surface.prove(world.database)
    assert proof.clean, [*map(str, proof.differences)]
    a, g, h = (t.c for t in (ledger_tables.accounts, ledger_tables.grants, ledger_tables.holds))
    async with world.database.read(SYSTEM) as work:
        wallets = (
            await work.execute(select(ledger_tables.accounts).where(a.role == "wallet"))
        ).all()
        grants = (await work.execute(select(g.account_id, g.id, g.remaining))).all()
        is_open = h.state == "open"
        holds = (await work.execute(select(h.account_id, h.amount, h.parts).where(is_open))).all()
    for wallet in wallets:
        of_grants = wallet.burning_left + sum(
            each.remaining
            for each in grants
            if each.account_id == wallet.id and each.id != wallet.burning
        )
        ours = [each for each in holds if each.account_id == wallet.id]
        pinned = sum(part for each in ours for _, part in each.parts)
        assert wallet.held == sum(each.amount for each in ours)
        assert wallet.pinned == pinned
        assert of_grants == max(0, wallet.posted * wallet.side - pinned)
