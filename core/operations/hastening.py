"""What an operation has done outside before its caller is answered, without a unit being open.

Its own unit writes down what is wanted and leaves a job that calls outside. Once that is committed
the gate has the job done at once, and answers with what the rows say then. A process that dies
loses nothing but the answer: a worker does the job, and whoever asks again under the same
idempotency key is answered from the rows as they are.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.db.work import Work
from core.jobs import Errand

Hasten = Callable[[Errand], Awaitable[None]]
"""Have it done now, or wait for whoever does it, for as long as a caller may wait. Never raises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Afterwards:
    """What is to be done for an answer once its unit is committed, and how to answer then."""

    errand: Callable[[Any, datetime], Errand | None]
    """`(result, now)`: the job to do at once; None where nothing is left to do."""
    answer: Callable[[Work, Any], Awaitable[Any]]
    """`(work, result)`: the result as the rows stand now, or the error that they tell of."""
