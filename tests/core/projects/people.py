"""Ask as somebody: people, the callers they are, and a project to quarrel about."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import Any, TypeVar

import pytest

from core import projects
from core.db.work import Work
from core.kernel.caller import ANONYMOUS, Caller, CallerKind, Role
from core.kernel.errors import EngineError
from core.kernel.ids import compose
from core.messaging import mailing
from core.operations.perform import Call
from core.operations.scopes import SCOPES
from core.projects.operations import OPERATIONS
from tests.world import OPERATOR, World

BY_NAME = {operation.name: operation for operation in OPERATIONS}

OLGA, ADA, BOB, EVE, KIM = (compose("usr", number) for number in (1, 2, 3, 4, 5))
NAMES = {OLGA: "Olga", ADA: "Ada", BOB: "Bob", EVE: "Eve", KIM: "Kim"}
NOBODY = compose("usr", 99)
HERSELF = replace(OPERATOR, kind=CallerKind.USER, subject=OLGA, user_id=OLGA)
"""Olga, the first operator, at the keyboard; OPERATOR is a backend, and nobody."""

T = TypeVar("T")


def email_of(user_id: str) -> str:
    return f"{NAMES[user_id].lower()}@example.com"


def person(user_id: str) -> Caller:
    """Somebody who signed in, bound to no project."""
    return Caller(
        kind=CallerKind.USER,
        subject=user_id,
        user_id=user_id,
        scopes=frozenset(SCOPES),
        label=NAMES.get(user_id, ""),
    )


def member(user_id: str, project_id: str, role: Role) -> Caller:
    """An agent that acts for this person in this project."""
    return replace(
        person(user_id), kind=CallerKind.AGENT, project_id=project_id, role=role, client_id="cli"
    )


async def ask(world: World, caller: Caller, operation: str, **arguments: Any) -> dict[str, Any]:
    """Go through the gate, and return the body or raise the refusal."""
    call = Call(caller=caller, arguments=arguments, door="test")
    return (await world.gate.perform(BY_NAME[operation], call)).unwrap()


async def refused(world: World, caller: Caller, operation: str, **arguments: Any) -> EngineError:
    """Go through the gate, and return why it says no."""
    with pytest.raises(EngineError) as refusal:
        await ask(world, caller, operation, **arguments)
    return refusal.value


async def at_once(*asked: Awaitable[dict[str, Any]]) -> list[dict[str, Any] | BaseException]:
    """Ask all of it at the same moment, and return each body or refusal."""
    return list(await asyncio.gather(*asked, return_exceptions=True))


def tally(outcomes: Iterable[dict[str, Any] | BaseException]) -> dict[str, int]:
    """Count how often something was done, and how often it was refused for each reason."""
    return dict(
        Counter(
            getattr(each, "code", repr(each)) if isinstance(each, BaseException) else "done"
            for each in outcomes
        )
    )


async def within(world: World, do: Callable[[Work], Awaitable[T]]) -> T:
    """Do something in a unit of the platform's own."""
    async with world.database.begin(OPERATOR) as work:
        return await do(work)


async def meet_everybody(world: World) -> None:
    async with world.database.begin(OPERATOR) as work:
        for user_id, name in NAMES.items():
            is_operator = user_id == OLGA
            address = email_of(user_id)
            await projects.know_person(work, user_id, address, name, is_operator=is_operator)


async def acme(world: World) -> str:
    """Make a project that Ada owns, where Bob is an admin, Eve a member, and Kim a viewer."""
    await meet_everybody(world)
    made = await ask(
        world, OPERATOR, "create_project", name="Acme", external_key="acme", owner_user_id=ADA
    )
    project_id: str = made["id"]
    for user_id, role in ((BOB, "admin"), (EVE, "member"), (KIM, "viewer")):
        await ask(world, OPERATOR, "add_member", project_id=project_id, user_id=user_id, role=role)
    return project_id


async def roles(world: World, project_id: str) -> dict[str, str]:
    """Everyone in the project, by name."""
    listed = await ask(world, OPERATOR, "list_members", project_id=project_id)
    return {each["name"]: each["role"] for each in listed["items"]}


async def tokens(world: World) -> list[str]:
    """The tokens in the mails that wait to be sent, in the order they were written."""
    async with world.database.read(OPERATOR) as work:
        waiting = [each.text or "" for each in await mailing.kept(work, "https://bursar.test")]
    return [text.split("/invitation/")[1].split()[0] for text in reversed(waiting)]


async def peek(world: World, token: str) -> dict[str, Any]:
    return await ask(world, ANONYMOUS, "peek_invitation", token=token)
