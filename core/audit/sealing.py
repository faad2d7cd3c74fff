"""Seal the trail: number its rows in segments, and chain the segments by their digests.

A row's own digest shows a changed byte. The seals show a row that was taken out or smuggled in:
each names its rows, and covers their digests and the seal before it.

A seal's `row_ids` are its rows' ids in ascending order, sixteen big-endian bytes each. `previous`
is the digest of the seal with the number before, sixteen zero bytes for number 1. `digest` is the
first sixteen bytes of BLAKE2b (RFC 7693), keyed with the installation's key, over the UTF-8 JSON
array, without any space,

    [trail, number, sealed_at, previous, row_ids, digests]

in which `sealed_at` is the instant as `2026-11-20T09:00:00.000000+00:00`, `previous` and `row_ids`
are lower-case hexadecimal, and so is `digests`: the rows' own digests, one after the other in the
order of their ids.

Rows are committed later than their ids are made, and by processes whose clocks differ. So a seal
does not go on where the last one ended: it looks back over an overlap and takes whatever there is
in no seal yet. Only the ids decide; no clock is trusted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, NamedTuple

from sqlalchemy import LargeBinary, TableClause, column, func, insert, select, table

from core.audit import tables
from core.db.schema import Key
from core.db.work import Work, canonical
from core.kernel.ids import compose, number_of

TRAILS = ("audit_invocations", "audit_events")
ROWS_MAX = 1000
SETTLING = timedelta(seconds=2)
"""Most rows are committed by then, so that seals are rarely out of order."""
OVERLAP = timedelta(minutes=2)
"""What a usual seal looks back: no call lives so long, even with every attempt."""
OVERLAP_MAX = timedelta(hours=1)
"""What a sweep looks back: for clocks that are wrong, and commits that nobody understood."""
NOTHING_BEFORE = bytes(16)

_ID_BYTES = 16
_RANDOM_BITS = 80
_SEALS_READ = 200
_seal = tables.seals.c


@dataclass(frozen=True, slots=True)
class Place:
    """Where the chain of one trail ends, and from where on its rows are looked at."""

    trail: str
    number: int
    digest: bytes
    after: int
    """Rows with ids up to this one are not looked at again."""
    sealed: frozenset[bytes] = frozenset()
    """The ids after it that are in some seal."""


async def look_back(work: Work, trail: str, *, overlap: timedelta = OVERLAP) -> Place:
    """Find where to go on: where the last seal ended or, if rows came late, an overlap before.

    Rows are only ever inserted. So if there are as many of them as seals name, all are named, and
    none of them is read: what a seal costs does not grow with how many were made lately.
    """
    query = select(_seal.number, _seal.digest).where(_seal.trail == trail)
    last = (await work.execute(query.order_by(_seal.number.desc()).limit(1))).first()
    if last is None:
        return Place(trail, 0, NOTHING_BEFORE, 0)
    spans = await _spans(work, trail, overlap)
    top = max(each.highest for each in spans)
    since = max(top - _span(overlap), 0)
    recent = [each for each in spans if each.highest > since]
    digest = bytes(last.digest)
    astride = await _ids_of(work, trail, [each for each in recent if each.lowest <= since])
    named = sum(each.rows for each in recent if each.lowest > since)
    named += sum(int.from_bytes(each, "big") > since for each in astride)
    if named == await _count(work, trail, since, top):
        return Place(trail, last.number, digest, top)
    sealed = frozenset(await _ids_of(work, trail, recent))
    return Place(trail, last.number, digest, since, sealed)


async def seal_next(work: Work, place: Place) -> tuple[int, Place]:
    """Seal up to `ROWS_MAX` rows of the trail, oldest first: how many there were, and where it is.

    A trail is a table whose rows have an indexed `id` made by `work.ids`, and a `digest`. Of two
    who seal at once, one fails on the number that both would use.
    """
    rows, after = await _unsealed(work, place)
    if not rows:
        return 0, replace(place, after=after)
    ids = b"".join(_packed(row.id) for row in rows)
    digests = b"".join(bytes(row.digest) for row in rows)
    number = place.number + 1
    head = place.trail, number, canonical(work.real_now), place.digest.hex()
    digest = work.digest(*head, ids.hex(), digests.hex())
    seal = {
        "trail": place.trail,
        "number": number,
        "sealed_at": work.real_now,
        "row_count": len(rows),
        "row_ids": ids,
        "previous": place.digest,
        "digest": digest,
    }
    await work.execute(insert(tables.seals), seal)
    return len(rows), replace(place, number=number, digest=digest, after=after)


class _Span(NamedTuple):
    """One seal: its number, how many rows it names, and the lowest and the highest of their ids."""

    number: int
    rows: int
    lowest: int
    highest: int


async def _spans(work: Work, trail: str, overlap: timedelta) -> list[_Span]:
    """Return each seal that may name anything of the overlap.

    Going back, a seal of late rows is no reason to stop. Every id of a seal lies above the highest
    one sealed before it, less the longest overlap; so a seal whose highest id lies the longest
    overlap below what we look for has only older seals before it.
    """
    found: list[_Span] = []
    top, before = 0, None
    last = (_seal.row_count - 1) * _ID_BYTES + 1
    lowest = func.substr(_seal.row_ids, 1, _ID_BYTES).label("lowest")
    highest = func.substr(_seal.row_ids, last, _ID_BYTES).label("highest")
    query = select(_seal.number, _seal.row_count, lowest, highest).where(_seal.trail == trail)
    while True:
        page = query if before is None else query.where(_seal.number < before)
        rows = (await work.execute(page.order_by(_seal.number.desc()).limit(_SEALS_READ))).all()
        for row in rows:
            low, high = (int.from_bytes(bytes(each), "big") for each in (row.lowest, row.highest))
            span = _Span(row.number, row.row_count, low, high)
            found.append(span)
            top = max(top, span.highest)
            if span.highest <= top - _span(overlap) - _span(OVERLAP_MAX):
                return found
        if len(rows) < _SEALS_READ:
            return found
        before = rows[-1].number


async def _ids_of(work: Work, trail: str, spans: Sequence[_Span]) -> list[bytes]:
    """Return the ids that these seals name."""
    if not spans:
        return []
    numbers = [each.number for each in spans]
    query = select(_seal.row_ids).where(_seal.trail == trail, _seal.number.in_(numbers))
    return [each for (packed,) in await work.execute(query) for each in _split(packed)]


async def _count(work: Work, trail: str, since: int, top: int) -> int:
    rows = _rows(trail)
    query = select(func.count()).where(
        rows.c.id > compose("row", since), rows.c.id <= compose("row", top)
    )
    return int((await work.execute(query)).scalar_one())


async def _unsealed(work: Work, place: Place) -> tuple[list[Any], int]:
    """Read the oldest rows that are settled and in no seal, by a range of the index on the id.

    Returned with the id up to which everything was looked at.
    """
    rows = _rows(place.trail)
    settled = int((work.real_now - SETTLING).timestamp() * 1000) << _RANDOM_BITS
    found: list[Any] = []
    after = place.after
    while len(found) < ROWS_MAX:
        query = (
            select(rows.c.id, rows.c.digest)
            .where(rows.c.id > compose("row", after), rows.c.id < compose("row", settled))
            .order_by(rows.c.id)
            .limit(ROWS_MAX - len(found))
        )
        page = (await work.execute(query)).all()
        found += [row for row in page if _packed(row.id) not in place.sealed]
        if not page:
            break
        after = number_of(page[-1].id)
    return found, after


def _rows(trail: str) -> TableClause:
    return table(trail, column("id", Key("row")), column("digest", LargeBinary))


def _span(length: timedelta) -> int:
    """Return how far apart two ids are that were made so long after each other."""
    return int(length.total_seconds() * 1000) << _RANDOM_BITS


def _packed(identifier: str) -> bytes:
    return number_of(identifier).to_bytes(_ID_BYTES, "big")


def _split(packed: bytes) -> list[bytes]:
    return [bytes(packed[at : at + _ID_BYTES]) for at in range(0, len(packed), _ID_BYTES)]
