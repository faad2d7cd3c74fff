"""What was held from when to when, and what is billed of its usage. Frozen values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from core.kernel.money import Asset
from core.kernel.period import Period

Json = dict[str, Any]


class Kind(StrEnum):
    """Why a line is there. Lines of one part of a period add up to what its usage comes to."""

    USAGE = "usage"
    """What was used in a period that is over."""
    PROGRESS = "progress"
    """What was used so far, because it passed a threshold."""
    TAKEN = "taken"
    """What was billed so far, taken off when the period is billed as a whole."""
    ADJUSTMENT = "adjustment"
    """What came, or was taken back, after the period had been billed."""
    NOTE = "note"
    """The same, credited where no invoice follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """A version whose usage is billed, and the price book in which."""

    version_id: str
    plan_key: str
    plan_version: int
    book_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A time in which one version was held. What goes on has no end."""

    held: Holding
    start_at: datetime
    end_at: datetime | None = None

    def until(self, at: datetime) -> Period:
        """Return its time so far."""
        end_at = at if self.end_at is None else min(self.end_at, at)
        return Period(self.start_at, max(end_at, self.start_at))


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """The usage of a subscription in one period: part by part, each at its own prices."""

    subscription_id: str
    product_key: str
    asset: Asset
    time_zone: str
    parts: tuple[Part, ...]

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def start_at(self) -> datetime:
        return self.parts[0].start_at

    @property
    def end_at(self) -> datetime | None:
        return self.parts[-1].end_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What became of a subscription at an instant, as far as its usage is concerned."""

    subscription_id: str
    product_key: str
    asset: Asset
    time_zone: str
    at: datetime
    holds: Holding | None
    """What is held from then on; None where nothing is, or no usage of it is billed."""
    is_over: bool
    """Whether the period is over, so that what was used in it is billed."""


def turned(running: Usage | None, turn: Turn) -> tuple[Usage | None, Usage | None]:
    """Return what runs from then on, and what is over and is to be billed."""
    parts = list(running.parts) if running else []
    if parts and parts[-1].end_at is None and (turn.is_over or parts[-1].held != turn.holds):
        last = parts.pop()
        if last.start_at < turn.at:
            parts.append(replace(last, end_at=turn.at))
    over: list[Part] = []
    if turn.is_over:
        over, parts = parts, []
    if turn.holds is not None and not (parts and parts[-1].end_at is None):
        parts.append(Part(held=turn.holds, start_at=turn.at))
    return _usage(turn, parts), _usage(turn, over)


def _usage(turn: Turn, parts: Sequence[Part]) -> Usage | None:
    if not parts:
        return None
    return Usage(
        subscription_id=turn.subscription_id,
        product_key=turn.product_key,
        asset=turn.asset,
        time_zone=turn.time_zone,
        parts=tuple(parts),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """When what was used so far is billed before its period is over, in one currency."""

    asset: Asset
    amounts: tuple[int, ...] = ()
    """Each once in a period: as soon as what was used in it comes to so much."""
    every: int | None = None
    """Whenever so much was used that is not billed yet."""

    def passes(self, used: int, billed: int) -> bool:
        """Tell whether an invoice is due, when so much was used and so much of it is billed."""
        if used <= billed:
            return False
        if any(billed < each <= used for each in self.amounts):
            return True
        return self.every is not None and used - billed >= self.every


def write(usage: Usage) -> Json:
    """Write it as JSON."""
    return {
        "product_key": usage.product_key,
        "time_zone": usage.time_zone,
        "parts": [
            {
                "version_id": each.held.version_id,
                "plan_key": each.held.plan_key,
                "plan_version": each.held.plan_version,
                "book_key": each.held.book_key,
                "start_at": each.start_at.isoformat(),
                "end_at": each.end_at and each.end_at.isoformat(),
            }
            for each in usage.parts
        ],
    }


def read(subscription_id: str, asset: str, written: Mapping[str, Any]) -> Usage:
    return Usage(
        subscription_id=subscription_id,
        product_key=written["product_key"],
        asset=Asset.parse(asset),
        time_zone=written["time_zone"],
        parts=tuple(map(_part, written["parts"])),
    )


def _part(written: Mapping[str, Any]) -> Part:
    end_at = written["end_at"]
    return Part(
        held=Holding(
            version_id=written["version_id"],
            plan_key=written["plan_key"],
            plan_version=written["plan_version"],
            book_key=written["book_key"],
        ),
        start_at=datetime.fromisoformat(written["start_at"]),
        end_at=datetime.fromisoformat(end_at) if end_at else None,
    )
