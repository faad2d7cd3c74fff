"""A few operations that touch no table of their own, to test the HTTP door with."""

from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from core.db.work import Work
from core.kernel.caller import PlatformRole, Role
from core.kernel.errors import EngineError, Kind
from core.kernel.money import Asset, Money
from core.operations import Effect, Request, Toolset, operation
from core.operations.fields import Amount, AssetCode, Name, When
from core.operations.operation import (
    Example,
    PageRequest,
    ProjectRequest,
    Result,
    SecretResult,
)

USD = Asset("USD", 2)


@dataclass(eq=False)
class NotEnough(EngineError):
    """{wallet_id} has {available} available and is {shortfall} short."""

    code = "test_not_enough"
    kind = Kind.PAYMENT_REQUIRED
    wallet_id: str
    available: Money
    shortfall: Money


@dataclass(eq=False)
class NoSuchProject(EngineError):
    """There is no such project."""

    code = "test_no_such_project"
    kind = Kind.NOT_FOUND


class GetThing(ProjectRequest):
    thing_id: Name


class FindThings(PageRequest):
    exact: bool = False
    tags: list[Name] = Field([], max_length=5)
    since: When | None = None


class Things(Result):
    items: list[str]
    next_cursor: str | None
    since: When | None = None


class MakeThing(ProjectRequest):
    name: Name
    amount: Amount = "1.00"
    asset: AssetCode = "USD/2"


class RenameThing(Request):
    thing_id: Name
    name: Name


class Thing(Result):
    name: str


class Secret(SecretResult):
    secret_fields = frozenset({"secret"})
    secret: str | None


class Peek(Request):
    word: Name


@operation(
    "GET /v1/things/{thing_id}",
    title="Get a thing",
    toolset=Toolset.WALLETS,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    raises=(NoSuchProject,),
)
async def get_thing(work: Work, request: GetThing) -> Thing:
    """Show one thing."""
    return Thing(name=request.thing_id)


@operation(
    "GET /v1/things",
    title="Find things",
    toolset=Toolset.WALLETS,
    effect=Effect.READ,
    project=Role.VIEWER,
)
async def find_things(work: Work, request: FindThings) -> Things:
    """Find things, a page at a time."""
    told = [f"{type(request.limit).__name__}:{request.limit}", f"{request.exact}", *request.tags]
    return Things(items=told, next_cursor=None if request.cursor else "bW9yZQ", since=request.since)


@operation(
    "POST /v1/things",
    title="Make a thing",
    toolset=Toolset.WALLETS,
    effect=Effect.CREATE,
    project=Role.MEMBER,
    raises=(NoSuchProject, NotEnough),
    examples=(Example(title="A lamp", arguments={"name": "lamp", "amount": "2.50"}),),
)
async def make_thing(work: Work, request: MakeThing) -> Thing:
    """Make a thing and pay for it."""
    if request.name == "palace":
        raise NotEnough("wal_1", Money.of("2.50", USD), Money.of("7.50", USD))
    work.record("made", request.name)
    return Thing(name=request.name)


@operation(
    "PATCH /v1/things/{thing_id}",
    title="Rename a thing",
    toolset=Toolset.WALLETS,
    effect=Effect.CHANGE,
    project=Role.ADMIN,
)
async def rename_thing(work: Work, request: RenameThing) -> Thing:
    """Give a thing another name."""
    return Thing(name=request.name)


@operation(
    "POST /v1/things/secrets",
    title="Make a secret",
    toolset=Toolset.KEYS,
    effect=Effect.CREATE,
    project=Role.ADMIN,
)
async def make_secret(work: Work, request: MakeThing) -> Secret:
    """Make a secret that is shown once."""
    return Secret(secret=f"hush {request.name}")


@operation(
    "POST /v1/thing-events",
    title="Record things",
    toolset=Toolset.METERING,
    effect=Effect.CREATE,
    project=Role.MEMBER,
    status=202,
)
async def record_things(work: Work, request: MakeThing) -> Thing:
    """Record that a thing happened."""
    return Thing(name=request.name)


@operation(
    "POST /v1/things/peek",
    title="Peek",
    toolset=Toolset.MEMBERS,
    effect=Effect.READ,
    public=True,
)
async def peek(work: Work, request: Peek) -> Thing:
    """Look without signing in."""
    return Thing(name=request.word)


class Breaking(Request):
    how: Literal["bug"] = "bug"


@operation(
    "POST /v1/things/break",
    title="Break",
    toolset=Toolset.WALLETS,
    effect=Effect.CHANGE,
    project=Role.MEMBER,
)
async def break_thing(work: Work, request: Breaking) -> Thing:
    """Meet one of our bugs."""
    raise RuntimeError("the password is hunter2, and the stack is deep")


OPERATIONS = (
    get_thing,
    find_things,
    make_thing,
    rename_thing,
    make_secret,
    record_things,
    peek,
    break_thing,
)
