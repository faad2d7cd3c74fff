"""A few operations to pass through the gate: reading, writing, failing, showing a secret."""

from dataclasses import dataclass
from typing import Any, ClassVar

from core import audit
from core.db.work import Work
from core.kernel.caller import PlatformRole, Role
from core.kernel.errors import EngineError, Kind
from core.operations.fields import Amount, Name
from core.operations.operation import (
    Effect,
    Operation,
    ProjectRequest,
    Request,
    Result,
    SecretResult,
    operation,
)
from core.operations.perform import Call, Outcome
from core.operations.scopes import Toolset
from tests.world import World


@dataclass(eq=False)
class SoldOut(EngineError):
    """There is no {thing} left."""

    code = "sold_out"
    kind = Kind.REFUSED
    thing: str


class Buy(ProjectRequest):
    thing: Name
    price: Amount = "1"
    count: int = 1


class Bought(Result):
    receipt: str
    thing: str


@operation(
    "POST /v1/projects/{project_id}/purchases",
    title="Buy",
    toolset=Toolset.WALLETS,
    effect=Effect.CREATE,
    project=Role.MEMBER,
    platform=PlatformRole.OPERATOR,
    raises=(SoldOut,),
)
async def buy(work: Work, request: Buy) -> Bought:
    """Buy a thing. There is no cheese."""
    await audit.record(work, "thing.bought", request.thing)
    if request.thing == "cheese":
        raise SoldOut(request.thing)
    if request.thing == "a bug":
        raise ZeroDivisionError
    receipt = work.ids.new("rcp")
    work.record("sold", receipt)
    return Bought(receipt=receipt, thing=request.thing)


class Look(ProjectRequest):
    pass


class Seen(Result):
    project_id: str


@operation(
    "GET /v1/projects/{project_id}/shelf",
    title="Look",
    toolset=Toolset.WALLETS,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
)
async def look(work: Work, request: Look) -> Seen:
    """Look at the shelf."""
    return Seen(project_id=work.project_id)


class Key(SecretResult):
    secret_fields: ClassVar[frozenset[str]] = frozenset({"secret"})

    id: str
    secret: str | None


@operation(
    "POST /v1/keys",
    title="Cut key",
    toolset=Toolset.KEYS,
    effect=Effect.CREATE,
    project=Role.ADMIN,
    platform=PlatformRole.OPERATOR,
)
async def cut_key(work: Work, request: Request) -> Key:
    """Cut a key, and show it once."""
    return Key(id=work.ids.new("key"), secret="a secret of the shop")


@operation("GET /v1/door", title="Knock", toolset=Toolset.PROJECTS, effect=Effect.READ, public=True)
async def knock(work: Work, request: Request) -> Seen:
    """Knock: anybody may."""
    return Seen(project_id="nobody's")


async def ask(
    world: World, wanted: Operation[Any, Any], caller: Any, key: str | None = None, **sent: Any
) -> Outcome:
    call = Call(caller=caller, arguments=sent, door="test", idempotency_key=key, request_id="req-1")
    return await world.gate.perform(wanted, call)
