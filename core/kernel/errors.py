"""Every error a caller can see: one class, one stable code, one sentence.

A subclass is a dataclass whose fields are the facts of the failure and whose docstring is the
message, filled in from those facts. `mcp_server.problems` turns the kind into a protocol answer.
"""

from collections.abc import Awaitable
from dataclasses import dataclass, fields
from enum import StrEnum
from inspect import cleandoc
from typing import Any, ClassVar


class Kind(StrEnum):
    """What sort of no it is; each protocol maps the kind once."""

    INVALID = "invalid"
    UNAUTHENTICATED = "unauthenticated"
    PAYMENT_REQUIRED = "payment_required"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    REFUSED = "refused"
    LIMITED = "limited"
    BUSY = "busy"


@dataclass(eq=False)
class EngineError(Exception):
    """The world said no. Subclasses state why; their fields are the facts, and never a secret.

    Not frozen: a frozen exception cannot take the traceback a context manager gives it.
    """

    code: ClassVar[str]
    kind: ClassVar[Kind]

    @property
    def facts(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def __str__(self) -> str:
        return " ".join(cleandoc(type(self).__doc__ or "").split()).format(**self.facts)


@dataclass(eq=False)
class Busy(EngineError):
    """The engine is busy. Try again in {retry_after} seconds, with the same idempotency key."""

    code = "busy"
    kind = Kind.BUSY
    retry_after: int = 1


async def caught(doing: Awaitable[None]) -> Exception | None:
    """Do it and return what it raised, for whoever must raise it elsewhere: in calls that wait.

    Only for work that is done for several callers at once. Each must be given what is returned, so
    that a mistake of ours reaches every one of them, is logged with its traceback where it ends,
    and nobody is told that what failed was done. Whoever has no caller to tell logs it instead.
    """
    try:
        await doing
    except Exception as error:  # noqa: BLE001 - returned, and raised in each call that waits for it
        return error
    return None


def described(error: BaseException) -> str:
    """Say what went wrong in a few words that may be stored and shown to the operator.

    Only our own errors speak for themselves: another's text may carry what customers sent.
    """
    if isinstance(error, EngineError):
        return f"{error.code}: {error}"[:500]
    return type(error).__name__
