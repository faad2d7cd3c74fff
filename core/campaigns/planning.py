"""A campaign, the plan that follows from it, and what of a plan is to be done now. Pure.

Days are counted by the clocks of the project's time zone: what failed at nine in the morning is
tried again at about nine, also after a night in which the clocks changed.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

DEFAULT = "default"
"""The campaign of whatever no other one is for. It is there before anybody has set it."""
JITTER_PERCENT_MAX = 50
"""More would let an attempt overtake the one before it."""
GRACE = timedelta(days=1)
"""So long after a final warning that came late, nothing is taken away."""
ANSWER_DAYS = timedelta(days=5)
"""So long an end waits for an attempt that is under way: banks may take days."""
_MILLION = 1_000_000


class Tone(StrEnum):
    """How urgent a notice is, least first."""

    GENTLE = "gentle"
    URGENT = "urgent"
    FINAL = "final"


class Kind(StrEnum):
    """What a step is, in the order of what goes first at one instant."""

    ATTEMPT = "attempt"
    NOTICE = "notice"
    END = "end"
    """Every attempt was made: the campaign says what follows."""
    CLOSE = "close"
    """It stayed unpaid long after that."""


class State(StrEnum):
    """What a run is."""

    OPEN = "open"
    SUSPENDED = "suspended"
    """Its end has come and it is not paid: nothing more is tried until somebody acts."""
    CLOSED = "closed"


class Outcome(StrEnum):
    """How a run ended."""

    RECOVERED = "recovered"
    """An attempt to collect it was paid, and nobody had to be there."""
    PAID_ELSEWHERE = "paid_elsewhere"
    """By a link, a bank, a wallet or a credit note."""
    VOIDED = "voided"
    GIVEN_UP = "given_up"
    """Somebody marked the invoice as uncollectible."""
    STOPPED = "stopped"
    """An operator did."""
    UNCOLLECTIBLE = "uncollectible"
    """The campaign marked the invoice so."""
    CANCELED = "canceled"
    """The campaign ended the subscription."""
    UNPAID = "unpaid"
    """The campaign is over and does nothing more."""


class AtEnd(StrEnum):
    SUSPEND = "suspend"
    NOTHING = "nothing"


class Afterwards(StrEnum):
    CANCEL = "cancel"
    UNCOLLECTIBLE = "uncollectible"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Notice:
    hours_before: int
    """Before the end. Whole days are counted by the clocks."""
    tone: Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """What is done about an invoice whose payment failed, and when."""

    key: str = DEFAULT
    product_key: str | None = None
    """Only for invoices of subscriptions of this product; of whatever else where it is None."""
    attempt_days: tuple[int, ...] = (3, 6, 12, 14)
    jitter_percent: int = 25
    """How much of the pause before and after it an attempt may come earlier or later."""
    lasts_days: int = 14
    permanent_days: int = 7
    """How long it lasts after a decline for good: nothing gets better by waiting."""
    notices: tuple[Notice, ...] = (
        Notice(168, Tone.GENTLE),
        Notice(72, Tone.URGENT),
        Notice(24, Tone.URGENT),
        Notice(6, Tone.FINAL),
    )
    at_end: AtEnd = AtEnd.SUSPEND
    afterwards: Afterwards = Afterwards.NOTHING
    afterwards_days: int = 30
    renewal_notice_days: int | None = 7
    """How long before a renewal it is told; None where it is not."""
    renewal_interval_days_min: int = 28
    """Of what renews more often than this nothing is told before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that is due at one instant."""

    number: int
    kind: Kind
    due_at: datetime
    tone: Tone | None = None
    done_at: datetime | None = None
    result: str | None = None
    """`done`, or why not."""


def days_after(instant: datetime, days: int, zone: ZoneInfo, hours: int = 0) -> datetime:
    """Return when the zone's clocks show the same time so many days later, and so many hours."""
    wall = instant.astimezone(zone).replace(tzinfo=None, fold=0) + timedelta(days=days)
    return wall.replace(tzinfo=zone).astimezone(UTC) + timedelta(hours=hours)


def plan(
    campaign: Campaign, failed_at: datetime, seed: str, *, zone: ZoneInfo, permanent: bool = False
) -> tuple[Step, ...]:
    """Return the steps of a run, in order: attempts, notices, and the end.

    No step is before the failure or after the end. The same seed gives the same instants.
    """
    days = campaign.permanent_days if permanent else campaign.lasts_days
    ends_at = days_after(failed_at, days, zone)
    due: list[tuple[datetime, Kind, Tone | None]] = [
        (at, Kind.ATTEMPT, None) for at in _attempts(campaign, failed_at, ends_at, seed, zone=zone)
    ]
    for notice in campaign.notices:
        whole, hours = divmod(notice.hours_before, 24)
        at = days_after(ends_at, -whole, zone, -hours)
        due.append((max(at, failed_at), Kind.NOTICE, notice.tone))
    due.append((ends_at, Kind.END, None))
    order, tones = list(Kind), [None, *Tone]
    due.sort(key=lambda each: (each[0], order.index(each[1]), tones.index(each[2])))
    return tuple(
        Step(number=n, kind=kind, due_at=at, tone=tone) for n, (at, kind, tone) in enumerate(due, 1)
    )


def _attempts(
    campaign: Campaign, failed_at: datetime, ends_at: datetime, seed: str, *, zone: ZoneInfo
) -> list[datetime]:
    """Return when it is tried again: each within its share of the pauses beside it.

    Half of a pause at most belongs to either neighbour, so none overtakes another; the pause after
    the last one ends with the campaign, so none comes after that.
    """
    meant = [days_after(failed_at, each, zone) for each in campaign.attempt_days]
    meant = [each for each in meant if each <= ends_at]
    beside = [failed_at, *meant, ends_at]
    found = []
    for n, at in enumerate(meant, 1):
        shift = _shift(seed, n)
        # With no pause after it, it is always earlier: half of all would come at one instant.
        is_later = shift > 0 and beside[n + 1] > at
        pause = beside[n + 1] - at if is_later else at - beside[n - 1]
        share = int(pause.total_seconds()) * campaign.jitter_percent * abs(shift) // 100 // _MILLION
        found.append(at + timedelta(seconds=share if is_later else -share))
    return found


def _shift(seed: str, number: int) -> int:
    """Return a number between minus and plus a million that follows from the seed alone."""
    digest = hashlib.blake2b(f"{seed}:{number}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % (2 * _MILLION + 1) - _MILLION


# -- What is to be done now ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """What a run has to do at an instant, and what of its plan is overtaken."""

    do: tuple[Step, ...] = ()
    overtaken: tuple[Step, ...] = field(default=())
    """A later step of the same kind is due as well: after a downtime nobody is asked twice."""
    ends_at: datetime | None = None
    """The end is put off until then."""


def due_now(steps: Sequence[Step], now: datetime, *, asked_at: datetime | None = None) -> Now:
    """Say what to do of what is due. `asked_at` is since when an attempt is under way.

    An end waits for an attempt that is under way, within bounds, and for a day after a warning
    that comes late: nobody is suspended who was never warned.
    """
    due = sorted((each for each in steps if not each.done_at and each.due_at <= now), key=_order)
    do: list[Step] = []
    overtaken: list[Step] = []
    for n, each in enumerate(due):
        later = each.kind in {Kind.ATTEMPT, Kind.NOTICE} and any(
            other.kind is each.kind for other in due[n + 1 :]
        )
        (overtaken if later else do).append(each)
    end = next((each for each in do if each.kind is Kind.END), None)
    if end is None:
        return Now(do=tuple(do), overtaken=tuple(overtaken))
    put_off = None
    if any(each.kind is Kind.NOTICE for each in do):
        put_off = now + GRACE
    elif any(each.kind is Kind.ATTEMPT for each in do) or (
        asked_at and now < asked_at + ANSWER_DAYS
    ):
        put_off = now + timedelta(hours=1)
    if put_off:
        do.remove(end)
    return Now(do=tuple(do), overtaken=tuple(overtaken), ends_at=put_off)


def _order(step: Step) -> tuple[datetime, int]:
    return step.due_at, step.number


class Banner(StrEnum):
    """What an operator's product shows about what is owed, least urgent first."""

    NONE = "none"
    NOTICE = "notice"
    WARNING = "warning"
    FINAL = "final"
    SUSPENDED = "suspended"


_BANNERS = {Tone.GENTLE: Banner.NOTICE, Tone.URGENT: Banner.WARNING, Tone.FINAL: Banner.FINAL}


def banner_of(steps: Sequence[Step], now: datetime, *, suspended: bool) -> Banner:
    """Return how urgent a run is: as urgent as the last notice that was due."""
    if suspended:
        return Banner.SUSPENDED
    tones = [each.tone for each in steps if each.tone and each.due_at <= now]
    return max((_BANNERS[each] for each in tones), key=list(Banner).index, default=Banner.NOTICE)


def worst(banners: Sequence[Banner]) -> Banner:
    return max(banners, key=list(Banner).index, default=Banner.NONE)
