"""A mailer that keeps what it took, and fails as it is told to."""

import asyncio
from dataclasses import dataclass, field

from core.messaging.mailing import Mail


@dataclass
class FakeMailer:
    taken: list[Mail] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    """What to raise, one for each of the next mails."""
    took: asyncio.Event = field(default_factory=asyncio.Event)

    async def deliver(self, mail: Mail) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.taken.append(mail)
        self.took.set()
