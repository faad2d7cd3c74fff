"""Statements are compiled once for each worker, and not once for every database.

An engine keeps what it compiled for as long as it lives: where the product runs, as long as the
process does. Here a process opens thousands of engines, each for a moment. What a statement is
compiled to follows from its structure and from the dialect, so engines of one dialect may share.
"""

from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.util import LRUCache

STATEMENTS_MAX = 10_000

_first: dict[str, Engine] = {}
"""Of each dialect, the engine that was the first to be connected, and so knows its server."""


def create_sharing_engine(url: str, **settings: Any) -> AsyncEngine:
    """Create an engine as SQLAlchemy does, and let it share what others have compiled."""
    engine = create_async_engine(url, **settings)
    own = engine.sync_engine
    if first := _first.get(own.dialect.name):
        own.dialect, own._compiled_cache = first.dialect, first._compiled_cache  # noqa: SLF001
    else:
        own._compiled_cache = LRUCache(STATEMENTS_MAX)  # noqa: SLF001

        def connected(*_: Any) -> None:
            _first.setdefault(own.dialect.name, own)

        event.listen(own, "connect", connected, once=True)
    return engine
