"""Say how far a long call has come, to whichever door wants to know.

A handler reports and does not ask whether anybody listens. Reporting never waits: a unit of work
must not hold its locks for a client that is slow to read.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Listener = Callable[[float, float | None, str | None], None]

_listener: ContextVar[Listener | None] = ContextVar("progress_listener", default=None)


@contextmanager
def reporting_to(listener: Listener) -> Iterator[None]:
    """Pass on what is reported inside the block."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def report(done: float, total: float | None = None, message: str | None = None) -> None:
    """Report that so much of the total is done. Costs nothing when nobody listens."""
    if listener := _listener.get():
        listener(done, total, message)
