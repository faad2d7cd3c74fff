"""What Prometheus may know: counts and times by operation, and how full the process is.

Labels come from our own declarations only. A caller can choose a path or a method name; neither
may become a label, or a flood of new ones would fill the memory.
"""

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import structlog
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.kernel.clock import stopwatch
from core.operations import Operation
from core.operations.perform import Call, Gate, Outcome
from mcp_server.http import answers
from mcp_server.http.errors import NoSuchPath
from mcp_server.http.origins import LOOPBACK, host_of
from mcp_server.http.panels import Panel, Shown
from mcp_server.http.proxies import is_local

SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
READING_SECONDS = 1.0

Reading = Callable[[], Awaitable[float]]

log = structlog.get_logger("bursar.metrics")


class Metrics:
    """One registry per app, so that two apps in one process do not count for each other."""

    def __init__(
        self,
        readings: Mapping[str, tuple[str, Reading]] | None = None,
        panels: Sequence[Panel] = (),
    ) -> None:
        """Make the meters. `readings` are gauges asked for at each scrape: name to (help, ask).

        `panels` are many gauges asked for at once, and no more often than each says.
        """
        self.registry = CollectorRegistry()
        self._panels = [Shown(each, self.registry) for each in panels]
        ProcessCollector(registry=self.registry)
        self._operations = Counter(
            "bursar_operations",
            "Calls of operations by door and outcome (ok, or the error's code).",
            ("operation", "door", "outcome"),
            registry=self.registry,
        )
        self._operation_seconds = Histogram(
            "bursar_operation_seconds",
            "How long operations took.",
            ("operation", "door"),
            buckets=SECONDS,
            registry=self.registry,
        )
        self._limited = Counter(
            "bursar_rate_limited",
            "Calls refused because they came too often.",
            ("operation", "door"),
            registry=self.registry,
        )
        self._requests = Counter(
            "bursar_http_requests",
            "HTTP answers by method, declared route and status.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._request_seconds = Histogram(
            "bursar_http_request_seconds",
            "How long HTTP answers took.",
            ("route",),
            buckets=SECONDS,
            registry=self.registry,
        )
        self._deliveries = Counter(
            "bursar_stripe_deliveries",
            "Webhooks by endpoint and outcome (stored, duplicate, or why they were refused).",
            ("endpoint", "outcome"),
            registry=self.registry,
        )
        self._readings = {
            name: (Gauge(name, what, registry=self.registry), ask)
            for name, (what, ask) in (readings or {}).items()
        }

        # Finding a meter by its labels costs more than moving it. There are as many as there are
        # declarations, and the registry keeps every one of them too.
        self._request = cache(self._request_meters)
        self._operation = cache(self._operation_meters)

    def requested(self, method: str, route: str, status: int, seconds: float) -> None:
        known = method if method in METHODS else "other"
        counter, times = self._request(known, route or "other", status)
        counter.inc()
        times.observe(seconds)

    def performed(self, operation: str, door: str, outcome: str, seconds: float) -> None:
        counter, times = self._operation(operation, door, outcome)
        counter.inc()
        times.observe(seconds)
        if outcome == "rate_limited":
            self._limited.labels(operation, door).inc()

    def delivered(self, endpoint: str, outcome: str) -> None:
        """Count a webhook. Both words are our own."""
        self._deliveries.labels(endpoint, outcome).inc()

    def _request_meters(self, method: str, route: str, status: int) -> tuple[Counter, Histogram]:
        counter = self._requests.labels(method, route, str(status))
        return counter, self._request_seconds.labels(route)

    def _operation_meters(
        self, operation: str, door: str, outcome: str
    ) -> tuple[Counter, Histogram]:
        counter = self._operations.labels(operation, door, outcome)
        return counter, self._operation_seconds.labels(operation, door)

    async def text(self) -> bytes:
        """Write everything down. A reading that fails or hangs is shown as not a number."""
        asked = [self._read(name) for name in self._readings]
        await asyncio.gather(*asked, *(each.ask() for each in self._panels))
        return generate_latest(self.registry)

    async def _read(self, name: str) -> None:
        gauge, ask = self._readings[name]
        try:
            async with asyncio.timeout(READING_SECONDS):
                gauge.set(await ask())
        except Exception as error:  # noqa: BLE001 - a broken gauge must not hide the others
            log.warning("reading_failed", reading=name, error=type(error).__name__)
            gauge.set(float("nan"))


@dataclass(frozen=True, slots=True)
class MeasuredGate(Gate):
    """The gate, counted: by whatever door a call comes, it is measured here."""

    metrics: Metrics

    async def perform(self, operation: Operation[Any, Any], call: Call) -> Outcome:
        started, outcome = stopwatch(), "failed"
        try:
            answer = await Gate.perform(self, operation, call)
            outcome = answer.error.code if answer.error else "ok"
        finally:
            seconds = stopwatch() - started
            self.metrics.performed(operation.name, call.door, outcome, seconds)
        return answer


def route(metrics: Metrics, token: str | None) -> Route:
    """Serve `/metrics` to whoever has the token, or, when none is set, to this machine only.

    To others the path does not exist. Without a token a request must come from a loopback address,
    to a loopback name, and through no proxy: one on the same machine would make everybody local.
    See docs/decisions/0012-who-may-read-the-metrics.md.
    """

    async def endpoint(http: Request) -> Response:
        if not _may_read(http, token):
            return answers.refused(NoSuchPath())
        return Response(await metrics.text(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return Route("/metrics", endpoint)


def _may_read(http: Request, token: str | None) -> bool:
    if not token:
        local_name = host_of(http.headers.get("host", "")) in LOOPBACK
        return local_name and is_local(http.scope)
    scheme, _, sent = http.headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(sent.encode(), token.encode())
