"""What runs beside the requests: telling events, doing jobs, sending mails.

It runs inside `serve` on one machine and as `work` beside it on many. All of it may run any number
of times over one database; what must be done by one at a time is taken by lease.
"""

import asyncio
import logging
import os
import socket
from collections.abc import Sequence

from core import jobs, surface
from core.audit import Trail
from core.db.bell import wait_for
from core.jobs import Worker
from core.kernel.caller import SYSTEM
from core.messaging import Broker, Mailer, Relay, Subscription, mail_delivery
from mcp_server.adapters.local_broker import LocalBroker
from mcp_server.adapters.redis_connection import RedisConnection
from mcp_server.adapters.redis_streams import RedisStreamBroker, RedisStreamReader
from mcp_server.adapters.smtp_mailer import SmtpMailer
from mcp_server.settings import Settings
from mcp_server.wiring import SCHEDULES, Installation

FLOOD_SECONDS = 60.0
RETRY_SECONDS = 5.0

logger = logging.getLogger(__name__)


class WorkerProcess:
    """The worker of one process. `run` returns when it was told to stop and has finished."""

    def __init__(
        self,
        installation: Installation,
        subscriptions: Sequence[Subscription] = surface.SUBSCRIPTIONS,
    ) -> None:
        self._installation = installation
        self._subscriptions = tuple(subscriptions)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop; what was begun is finished, or left to its lease."""
        this = self._installation
        await self._install(stop)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(Relay(this.database, self._broker()).run(stop))
            tasks.create_task(Worker(this.runtime).run(stop))
            mailer, url = mailer_of(this.settings), this.settings.public_url
            tasks.create_task(mail_delivery.run(this.database, mailer, url, stop=stop))
            if this.redis:
                tasks.create_task(self._read_stream(this.redis, stop))

    async def _install(self, stop: asyncio.Event) -> None:
        """Make sure the schedules have their rows, however long the database is away."""
        while not stop.is_set():
            try:
                async with self._installation.database.begin(SYSTEM) as work:
                    await jobs.install(work, SCHEDULES)
            except Exception:
                logger.exception("the schedules could not be written; trying again")
                await wait_for(stop, seconds=RETRY_SECONDS)
            else:
                return

    def _broker(self) -> Broker:
        this = self._installation
        if this.redis:
            return RedisStreamBroker(this.database, this.redis)
        return LocalBroker(this.database, self._subscriptions)

    async def _read_stream(self, redis: RedisConnection, stop: asyncio.Event) -> None:
        name = f"{socket.gethostname()}:{os.getpid()}"
        client = redis.patient()
        try:
            reader = RedisStreamReader(
                self._installation.database, client, self._subscriptions, name=name
            )
            await reader.run(stop)
        finally:
            await client.aclose()


async def write_floods(trail: Trail, stop: asyncio.Event) -> None:
    """Write down once a minute what was turned away, in every process that turns anything away."""
    stopping = False
    while not stopping:
        await wait_for(stop, seconds=FLOOD_SECONDS)
        stopping = stop.is_set()
        try:
            await trail.write_floods()
        except Exception:
            logger.exception("floods could not be written down")


def mailer_of(settings: Settings) -> Mailer | None:
    """Make the mailer the settings name; without one mails are kept and shown."""
    if not settings.smtp_host:
        return None
    return SmtpMailer(
        host=settings.smtp_host,
        port=settings.smtp_port,
        sender=settings.smtp_from,
        tls=settings.smtp_tls,
        username=settings.smtp_user,
        password=settings.smtp_password.get_secret_value(),
    )
