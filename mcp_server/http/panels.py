"""Gauges that are asked for together, under one label, and remembered for a while.

What they show costs more than a scraper should be able to spend: so it is asked for once a minute,
whoever asks and however often. What cannot be had is not shown, rather than shown as it was.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

import structlog
from prometheus_client import CollectorRegistry, Gauge

from core.kernel.clock import stopwatch

LIFETIME_SECONDS = 60.0
DEADLINE_SECONDS = 5.0

Figures = Mapping[str, Mapping[str, Decimal]]
"""What each gauge shows, by the values of the label."""

log = structlog.get_logger("bursar.metrics")


@dataclass(frozen=True, slots=True)
class Panel:
    """Gauges by name, each with what it is; the label they share; and how to ask."""

    gauges: Mapping[str, str]
    label: str
    ask: Callable[[], Awaitable[Figures]]
    lifetime_seconds: float = LIFETIME_SECONDS


class Shown:
    """A panel in a registry."""

    def __init__(self, panel: Panel, registry: CollectorRegistry) -> None:
        self._panel = panel
        self._gauges = {
            name: Gauge(name, what, (panel.label,), registry=registry)
            for name, what in panel.gauges.items()
        }
        self._asking = asyncio.Lock()
        self._asked_at: float | None = None

    async def ask(self) -> None:
        """Ask anew if the answer is too old; whoever comes meanwhile waits for the same one."""
        async with self._asking:
            if self._asked_at is not None:
                age = stopwatch() - self._asked_at
                if age <= self._panel.lifetime_seconds:
                    return
            await self._ask()
            self._asked_at = stopwatch()

    async def _ask(self) -> None:
        figures: Figures = {}
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                figures = await self._panel.ask()
        except Exception as error:  # noqa: BLE001 - a broken panel must not hide the other gauges
            names = sorted(self._gauges)
            log.warning("panel_failed", panel=names[0], error=type(error).__name__)
        for name, gauge in self._gauges.items():
            gauge.clear()
            for value, figure in figures.get(name, {}).items():
                gauge.labels(value).set(float(figure))
