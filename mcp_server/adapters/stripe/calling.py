"""How every call to Stripe is made: how long, how often, and what is raised in the end.

The SDK tries again by itself, with the same key, after a lost connection, a conflict or a failure
of Stripe's. It does not after "too many requests": that is done here, as late as Stripe asks. Each
host has a circuit breaker, so that a Stripe that is down costs its callers nothing.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from secrets import SystemRandom
from typing import Any

import stamina
import stripe

from core.kernel.clock import stopwatch
from core.payments import ProviderUnavailable
from mcp_server.adapters.circuit import Circuit, CircuitOpen
from mcp_server.adapters.stripe.reading import Reader
from mcp_server.adapters.stripe.refusals import refusal, retry_after
from mcp_server.adapters.stripe.wire import Httpx2Client

API_VERSION = "2026-10-28.endive"
"""The version these pages are written for. The SDK sends its own, which must be the same one."""
NETWORK_RETRIES = 2
LIMITED_TRIES = 4
WAIT_SECONDS_MAX = 8.0
CALL_SECONDS_MAX = 50.0
PAGE_SIZE = 100

Options = dict[str, Any]
Told = dict[str, Any]
logger = logging.getLogger(__name__)
_random = SystemRandom()


Ask = Callable[[], Awaitable[Any]]


@dataclass(slots=True)
class Calls:
    """The account of one secret key, and how it is reached."""

    sdk: stripe.StripeClient
    http: Httpx2Client
    reader: Reader
    seconds_max: float = CALL_SECONDS_MAX
    api: Circuit = field(default_factory=Circuit)
    meter_events: Circuit = field(default_factory=Circuit)

    async def ask(self, what: str, ask: Ask, *, circuit: Circuit | None = None) -> Told:
        """Make a call and return what it answers, or raise in our words why it did not."""
        answer = await self._guarded(what, ask, circuit or self.api)
        told: Told = {} if answer is None else answer.to_dict(for_json=True)
        return told

    async def pages(self, what: str, ask: Callable[[Told], Awaitable[Any]]) -> AsyncIterator[Told]:
        """Tell every object of a list, the newest first. `ask` is given where a page begins."""
        place: Told = {"limit": PAGE_SIZE}
        while True:
            page = await self.ask(what, partial(ask, place))
            for each in page["data"]:
                yield each
            if not page.get("has_more") or not page["data"]:
                return
            place = {"limit": PAGE_SIZE, "starting_after": page["data"][-1]["id"]}

    async def close(self) -> None:
        await self.http.close_async()

    async def _guarded(self, what: str, ask: Ask, circuit: Circuit) -> Any:
        try:
            probe = circuit.admit(stopwatch())
        except CircuitOpen as refused:
            raise ProviderUnavailable(retry_after=refused.seconds) from None
        try:
            async with asyncio.timeout(self.seconds_max):
                answer = await _patiently(ask)
        except stripe.StripeError as error:
            raised = refusal(error)
            if _is_there(error):
                circuit.succeeded(probe=probe)
            else:
                circuit.failed(stopwatch(), probe=probe, jitter=_random.random())
            _tell(what, error, raised.code)
            raise raised from None  # the SDK's error holds the body of the answer
        except TimeoutError:
            circuit.failed(stopwatch(), probe=probe, jitter=_random.random())
            logger.warning("Stripe: %s was not answered in time", what)
            raise ProviderUnavailable from None
        except BaseException:
            circuit.abandoned(probe=probe)
            raise
        circuit.succeeded(probe=probe)
        return answer


def _is_there(error: stripe.StripeError) -> bool:
    """Whether somebody answered who understood the question, whatever the answer was."""
    return 400 <= (error.http_status or 0) < 500


async def _patiently(ask: Ask) -> Any:
    retrying = stamina.AsyncRetryingCaller(
        attempts=LIMITED_TRIES,
        timeout=None,
        wait_initial=0.5,
        wait_max=WAIT_SECONDS_MAX,
        wait_jitter=0.5,
    )
    return await retrying(_worth_waiting, ask)


def _worth_waiting(error: Exception) -> bool | float:
    """Wait after "too many requests": as long as Stripe says, else longer each time."""
    if not isinstance(error, stripe.RateLimitError):
        return False
    seconds = retry_after(error)
    if seconds is None:
        return True
    if seconds > WAIT_SECONDS_MAX:
        return False  # whoever asked is told when to come again
    return seconds * (1 + _random.random() / 4)


def _tell(what: str, error: stripe.StripeError, code: str) -> None:
    """Write down what a person at Stripe would ask for. Its message is not: it quotes customers."""
    logger.warning(
        "Stripe: %s came to %s (status %s, code %s, request %s)",
        what,
        code,
        error.http_status,
        error.code,
        error.request_id,
    )


def options(key: str) -> Options:
    """Name an attempt to change something. Stripe takes keys of up to 255 characters."""
    if not 0 < len(key) <= 255:
        raise ValueError("an idempotency key has 1 to 255 characters")
    return {"idempotency_key": key}


def given(**parameters: Any) -> dict[str, Any]:
    """Leave out what is None: to Stripe, nothing and null are two things."""
    return {name: value for name, value in parameters.items() if value is not None}


def texts(metadata: Mapping[str, str]) -> dict[str, str] | None:
    return dict(metadata) or None


class Part:
    """A part of the gateway: some methods over the same calls."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def _marked(self, metadata: Mapping[str, str]) -> dict[str, str] | None:
        """Write on what we make which installation made it: others may share the account."""
        return texts(self._read.marked(metadata))

    @property
    def _v1(self) -> Any:
        return self._calls.sdk.v1

    @property
    def _read(self) -> Reader:
        return self._calls.reader
