"""An operation: one thing a caller can ask for, declared once and served by every door.

The function name is the MCP tool name and the OpenAPI operationId. Its docstring is the
description both protocols publish. Its annotations are the schemas both protocols validate.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from inspect import getdoc
from typing import (
    Any,
    ClassVar,
    Generic,
    Literal,
    Required,
    TypedDict,
    TypeVar,
    Unpack,
    get_type_hints,
)

from pydantic import BaseModel, ConfigDict, Field

from core.db.paging import LIMIT_DEFAULT, LIMIT_MAX
from core.db.work import Work
from core.kernel.caller import PlatformRole, Role
from core.kernel.errors import EngineError
from core.operations.fields import ExternalKey, ProjectId
from core.operations.hastening import Afterwards
from core.operations.scopes import SCOPES, Toolset


class Request(BaseModel):
    """What a caller sends. Unknown fields and values of another type are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


class ProjectRequest(Request):
    """A request about one project. Whoever is bound to a project may leave both fields out."""

    project_id: ProjectId | None = Field(
        None, description="The project. Leave out when your token or key belongs to one project."
    )
    external_key: ExternalKey | None = Field(
        None, description="The project by your own system's key, instead of project_id."
    )


class ProjectOrPlatformRequest(ProjectRequest):
    """A request about one project, or about the platform when staff bound to none name none."""

    project_id: ProjectId | None = Field(
        None,
        description="The project. Leave out when your token or key belongs to one project, or, as "
        "platform staff, to mean the platform itself.",
    )


class PageRequest(Request):
    """A request for part of a list."""

    limit: int = Field(LIMIT_DEFAULT, ge=1, le=LIMIT_MAX, description="How many at most.")
    cursor: str | None = Field(
        None, max_length=512, description="next_cursor of the page before; leave out for the first."
    )


class ProjectPageRequest(ProjectRequest, PageRequest):
    """A request for part of a project's list."""


class Result(BaseModel):
    """What a caller gets."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    secret_fields: ClassVar[frozenset[str]] = frozenset()
    """Fields shown once: never stored with an idempotency key, never in the trail."""

    def without_secrets(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the body as it may be stored and told again."""
        told = {name: None if name in self.secret_fields else v for name, v in body.items()}
        return told | ({"secret_state": "already_shown"} if self.secret_fields else {})


class SecretResult(Result):
    """A result that shows a secret once. A replay carries null in its place, and says so."""

    secret_state: Literal["shown_once", "already_shown"] = Field(default="shown_once")


class Effect(StrEnum):
    READ = "read"
    CREATE = "create"
    CHANGE = "change"
    DESTROY = "destroy"
    SPEND = "spend"


class RateClass(StrEnum):
    """How often one caller may call one operation; the figures are settings."""

    READ = "read"
    WRITE = "write"
    USAGE = "usage"
    """The hot path: recording, charging, checking a balance."""
    SENSITIVE = "sensitive"
    """Credentials, people, and creation of value."""
    STRICT = "strict"
    """What could be guessed: all callers who are bound to one project share one bucket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A call that works, for documentation and for language models."""

    title: str
    arguments: Mapping[str, Any]


In = TypeVar("In", bound=Request)
Out = TypeVar("Out", bound=Result)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Operation(Generic[In, Out]):
    """The declaration that tools, routes, documents and the command line are made from.

    Each is declared once and equals nothing but itself, so that what is made of it is made once.
    """

    name: str
    title: str
    description: str
    method: str
    path: str
    status: int
    toolset: Toolset
    scopes: tuple[str, ...]
    project_role: Role | None
    platform_role: PlatformRole | None
    anyone: bool
    """Whoever is authenticated may call it: it answers about, or acts on, the caller alone."""
    public: bool
    """Even who is not authenticated may call it: the argument is the authority (a token)."""
    effect: Effect
    rate: RateClass
    request: type[In]
    result: type[Out]
    raises: tuple[type[EngineError], ...]
    examples: tuple[Example, ...]
    batched: bool
    """Concurrent calls may share a unit of work, which asks for care: see `core.db.together`."""
    names: Callable[[In], Iterable[str]] | None
    """What a call alone may do in a unit that it shares."""
    remembered: Callable[[In, datetime], bool] | None
    """Whether, at this instant, the answer is final but for what a lifetime may bound.

    Such an answer is told again to whoever may ask, so it must follow from the project and the
    request alone, and never from who the caller is.
    """
    guesses: Callable[[In], bool] | None
    """Which calls name what could be guessed: those are limited as STRICT ones are, besides."""
    afterwards: Afterwards | None
    """What is done outside once the unit is committed, before the caller is answered."""
    handle: Callable[[Work, In], Awaitable[Out]]

    def __post_init__(self) -> None:
        # An answer is kept for one project: it has no effect, shows no secret, is nobody's own.
        # Batched calls do not pass the cache: they are cheaper than asking it.
        about_one = self.names_project and not (self.anyone or self.public)
        may_be = about_one and self.reads and not (self.batched or self.result.secret_fields)
        assert self.remembered is None or may_be, f"{self.name} cannot be remembered"
        # The answer is read anew, and told in full whenever it is asked for.
        may_wait = not (self.public or self.batched or self.remembered or self.result.secret_fields)
        assert self.afterwards is None or may_wait, f"nothing can be done after {self.name}"

    @property
    def names_project(self) -> bool:
        return issubclass(self.request, ProjectRequest)

    @property
    def reads(self) -> bool:
        return self.effect is Effect.READ

    async def __call__(self, work: Work, request: In) -> Out:
        return await self.handle(work, request)


class Declared(TypedDict, total=False):
    """The form that `@operation` is filled in by. What is left out has its usual value."""

    title: Required[str]
    toolset: Required[Toolset]
    effect: Required[Effect]
    project: Role
    """The least role of a project that may call it. Left out, no project may."""
    platform: PlatformRole
    """The least role of the platform that may call it. Left out, no staff may."""
    anyone: bool
    public: bool
    also_scopes: tuple[str, ...]
    """Beside its toolset's own, `:read` or `:write` by effect; `anyone` and `public` need none."""
    rate: RateClass
    status: int
    raises: tuple[type[EngineError], ...]
    examples: tuple[Example, ...]
    batched: bool
    """Its calls share a unit of work, but never two that have one of their `names` in common."""
    names: Callable[[Any], Iterable[str]]
    remembered: Callable[[Any, datetime], bool]
    guesses: Callable[[Any], bool]
    afterwards: Afterwards


def operation(
    route: str, **declared: Unpack[Declared]
) -> Callable[[Callable[[Work, Any], Awaitable[Any]]], Operation[Any, Any]]:
    """Make an operation of a use-case: `@operation("POST /v1/wallets", title=…, …)`.

    What `Declared` does not say of a field, the field of the same name in `Operation` does.
    """
    effect, toolset = declared["effect"], declared["toolset"]
    method, _, path = route.partition(" ")
    anyone, public = declared.get("anyone", False), declared.get("public", False)
    also = declared.get("also_scopes", ())
    scopes = () if anyone or public else _scopes(toolset, effect, also)

    def declare(handle: Callable[[Work, Any], Awaitable[Any]]) -> Operation[Any, Any]:
        hints = get_type_hints(handle)
        return Operation(
            name=handle.__name__,
            title=declared["title"],
            description=getdoc(handle) or "",
            method=method,
            path=path,
            status=declared.get("status") or (201 if effect is Effect.CREATE else 200),
            toolset=toolset,
            scopes=scopes,
            project_role=declared.get("project"),
            platform_role=declared.get("platform"),
            anyone=anyone,
            public=public,
            effect=effect,
            rate=declared.get("rate") or _usual_rate(effect),
            request=hints["request"],
            result=hints["return"],
            raises=declared.get("raises", ()),
            examples=declared.get("examples", ()),
            batched=declared.get("batched", False),
            names=declared.get("names"),
            remembered=declared.get("remembered"),
            guesses=declared.get("guesses"),
            afterwards=declared.get("afterwards"),
            handle=handle,
        )

    return declare


def _usual_rate(effect: Effect) -> RateClass:
    return RateClass.READ if effect is Effect.READ else RateClass.WRITE


def _scopes(toolset: Toolset, effect: Effect, also: tuple[str, ...]) -> tuple[str, ...]:
    scopes = (f"{toolset}:{'read' if effect is Effect.READ else 'write'}", *also)
    assert all(each in SCOPES for each in scopes), f"{scopes} must be listed in scopes.py"
    return scopes
