"""Note when an API key was last used: once a minute at most, and after the caller was answered."""

import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import or_, update

from auth.people_tables import api_keys
from core.db.schema import PLATFORM
from core.db.work import Database
from core.kernel.caller import SYSTEM, Caller

logger = logging.getLogger(__name__)

EVERY = timedelta(minutes=1)


class LastUsed:
    """Gathers what was used, and writes it in one unit of its own. It may be lost; it is a hint."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._noted: dict[str, datetime] = {}
        self._waiting: dict[tuple[str, str], datetime] = {}
        self._writer: asyncio.Task[None] | None = None

    def note(self, caller: Caller, known: datetime | None) -> None:
        """Remember that the key was used now, if what is known of it is a minute old."""
        now, key_id = self._database.clock.now(), caller.key_id
        last = max((at for at in (known, self._noted.get(key_id or "")) if at), default=None)
        if key_id is None or (last is not None and now - last < EVERY):
            return
        self._noted[key_id] = now
        self._waiting[caller.project_id or PLATFORM, key_id] = now
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())

    async def settle(self) -> None:
        """Return when everything noted so far is written."""
        if self._writer is not None:
            await self._writer

    async def _write(self) -> None:
        # The caller is answered first: the write begins when the event loop is next free.
        await asyncio.sleep(0)
        while self._waiting:
            used, self._waiting = self._waiting, {}
            await self._store(used)
        self._forget_old()

    async def _store(self, used: Mapping[tuple[str, str], datetime]) -> None:
        try:
            async with self._database.begin(SYSTEM) as work:
                # In one order, so that two processes never wait for each other's rows.
                for (project_id, key_id), at in sorted(used.items()):
                    this = update(api_keys).where(
                        api_keys.c.project_id == project_id,
                        api_keys.c.id == key_id,
                        or_(api_keys.c.last_used_at.is_(None), api_keys.c.last_used_at < at),
                    )
                    await work.execute(this.values(last_used_at=at))
        except Exception:
            # The calls themselves are in the trail. Nobody waits for this, so it is told here.
            logger.exception("could not note when API keys were last used")

    def _forget_old(self) -> None:
        now = self._database.clock.now()
        self._noted = {key: at for key, at in self._noted.items() if now - at < EVERY}
