"""What an operation may know of its installation: plain values that the wiring chose.

Never anything that could be called outside: an operation stays a matter of its unit of work alone.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

T = TypeVar("T")
Given = Mapping[type, Any]

_given: ContextVar[Given | None] = ContextVar("given", default=None)


@contextmanager
def giving(values: Given) -> Iterator[None]:
    """Let whoever asks inside the block know these values, each by its type."""
    token = _given.set(values)
    try:
        yield
    finally:
        _given.reset(token)


def given(kind: type[T]) -> T | None:
    """Return the installation's value of this type, or None where nobody chose one."""
    value = (_given.get() or {}).get(kind)
    assert value is None or isinstance(value, kind)
    return value
