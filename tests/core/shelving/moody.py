"""The fake provider, which refuses some calls by name, or loses the answer of a later one."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from core.kernel.clock import Clock
from core.kernel.errors import EngineError
from tests.fakes.gateway import FakeGateway

R = TypeVar("R")


class MoodyGateway(FakeGateway):
    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.refuses: dict[str, EngineError] = {}
        """What a call of this name comes to, as long as it stands here."""
        self.lose_after: int | None = None
        """So many more changes are answered; the answer of the next is lost."""

    def _change(self, name: str, key: str, draft: object, make: Callable[[], R]) -> R:
        if name in self.refuses:
            self.asked.append((name, key))
            raise replace(self.refuses[name])
        if self.lose_after is not None:
            self.lost_answers = int(self.lose_after == 0)
            self.lose_after = None if self.lose_after == 0 else self.lose_after - 1
        return super()._change(name, key, draft, make)
