"""What time it is for a project: real time or, for a project with a test clock, its own.

A project of an installation in test mode may have a clock that stands still until it is advanced.
`work.now` is then that clock's instant, for whatever call, job or event is about the project:

- by the project's time: what is posted, granted, held and expires; subscriptions, invoices, usage,
  entitlements, coupons, and the instants at which events happened;
- by real time (`work.real_now`): the trail, idempotency keys, rate limits, sessions, keys,
  invitations, and every identifier, so that what happened later sorts later; due dates and leases
  of jobs, of the outbox and of mails; pages, cards and refunds at a payment provider, whose clock
  goes on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

if TYPE_CHECKING:
    from core.db.work import Work


@dataclass(frozen=True, slots=True)
class OwnTime:
    """What a project's test clock shows."""

    at: datetime
    is_moving: bool
    """It is being advanced: nobody else may decide anything about the project meanwhile."""


class Times(Protocol):
    """Keeps the test clocks of projects. One for each process."""

    settle_seconds: float
    """After so long every process knows what was written about clocks."""

    async def known(self, connection: AsyncConnection) -> Mapping[str, OwnTime]:
        """Return the clocks there are, by project; at most a second old unless one is moving."""

    async def exactly(self, work: "Work") -> OwnTime | None:
        """Read the clock of the unit's project. In a unit that writes it then stands still."""

    def forget(self) -> None:
        """Look again the next time: something was changed."""
