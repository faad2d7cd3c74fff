"""Note what is asked of a database, whoever asks it: the engine, or the driver by itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import event

from core.db.engine import Engines


@asynccontextmanager
async def statements(engines: Engines) -> AsyncIterator[list[str]]:
    """Collect the statements of every unit that is opened inside the block, until it is closed."""
    sent: list[str] = []
    heard: list[Any] = []

    def through_engine(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        sent.append(statement)

    def through_driver(asked: Any) -> None:
        # How a unit begins and ends is not what it asks.
        if not asked.query.startswith(("BEGIN", "COMMIT", "ROLLBACK")):
            sent.append(asked.query)

    def listen(connection: Any, *_more: Any) -> None:
        driver = connection.driver_connection
        if hasattr(driver, "add_query_logger"):
            driver.add_query_logger(through_driver)
            heard.append(driver)

    each_once = {id(engine): engine.sync_engine for engine in (engines.writer, engines.reader)}
    for engine in each_once.values():
        event.listen(engine, "before_cursor_execute", through_engine)
        event.listen(engine, "checkout", listen)
    try:
        yield sent
        # The driver tells of what it was asked a moment later.
        await asyncio.sleep(0)
    finally:
        for engine in each_once.values():
            event.remove(engine, "before_cursor_execute", through_engine)
            event.remove(engine, "checkout", listen)
        for driver in heard:
            driver.remove_query_logger(through_driver)
