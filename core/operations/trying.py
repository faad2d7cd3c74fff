"""Run a unit of work, again if the database was merely busy or another was faster."""

import asyncio
from collections.abc import Awaitable, Callable
from secrets import SystemRandom

from core.db.engine import is_transient
from core.db.together import Collided
from core.kernel.errors import Busy

ATTEMPTS = 3
_jitter = SystemRandom()


class AlreadyCommitted(Exception):
    """The run that seemed lost was committed after all."""


async def attempted(unit: Callable[[int], Awaitable[None]]) -> None:
    """Run the unit, again if the database was merely busy or another was faster; then it is Busy.

    A unit that collides every time is told as it is: it may collide with itself.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            await unit(attempt)
        except AlreadyCommitted:
            return
        except Exception as error:
            collided = isinstance(error, Collided)
            if not (collided or is_transient(error)):
                raise
            if isinstance(error, TimeoutError):
                # A unit that took all the time there is would only take it again, with its locks.
                raise Busy from error
            if attempt == ATTEMPTS:
                if collided:
                    raise
                raise Busy from error
            await asyncio.sleep(_jitter.uniform(0.01, 0.05) * attempt)
        else:
            return
