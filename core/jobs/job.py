"""Declare a job: its name, what it does, and how often it is tried before it is buried."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

Handler = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An attempt that failed, in the unit that writes it down."""

    attempt: int
    error: str
    is_last: bool
    """The job is buried in this unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Try so many times; pause first so long, then `factor` times as long each time."""

    attempts: int = 8
    first_seconds: float = 2
    factor: float = 3
    seconds_max: float = 3600

    def pause(self, attempt: int, jitter: float) -> timedelta:
        """Return the pause after this many attempts; `jitter` in 0..1 takes up to half of it.

        Without jitter, all that failed together would come back together.
        """
        full = min(self.first_seconds * self.factor ** (attempt - 1), self.seconds_max)
        return timedelta(seconds=full * (1 - jitter / 2))


@dataclass(frozen=True, slots=True)
class Job:
    """A declared job. Its name is stored with every waiting row: renaming it orphans those."""

    name: str
    handler: Handler
    retry: Retry
    lease_seconds: float
    outside: bool
    failed: Handler | None = None
    """`async (work, failure, **arguments)`: what else to write where a failed attempt is."""

    async def __call__(self, *arguments: Any, **named: Any) -> None:
        await self.handler(*arguments, **named)


def job(
    name: str,
    *,
    retry: Retry | None = None,
    lease_seconds: float = 60,
    outside: bool = False,
    failed: Handler | None = None,
) -> Callable[[Handler], Job]:
    """Make a job of `async def f(work, **arguments)`, whose arguments are JSON.

    The worker opens one unit of work per attempt, in which the job is also marked finished: its
    effects happen exactly once. A job that calls outside is declared `outside=True`; it is given a
    `JobContext` instead, opens short units by `context.begin()` around its calls, may run twice,
    and so calls outside with an idempotency key. `failed` is called in the unit that writes down
    that an attempt failed, so that what the job is about can show it, and that it was given up.
    """

    def declare(handler: Handler) -> Job:
        return Job(name, handler, retry or Retry(), lease_seconds, outside, failed)

    return declare
