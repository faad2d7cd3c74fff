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

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import LargeBinary, column, func, insert, select, table

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
class Latest:
    """Where the chain of one trail ends, and which recent rows it covers already."""

    number: int
    digest: bytes
    since: int
    """Rows with ids up to this one are not looked at again."""
    sealed: frozenset[bytes]
    """The ids after `since` that are in some seal."""


async def seal_next(work: Work, trail: str, *, overlap: timedelta = OVERLAP) -> int:
    """Seal up to `ROWS_MAX` rows of the trail, oldest first; return how many there were.

    `trail` is a table whose rows have an indexed `id` made by `work.ids`, and a `digest`. Of two
    who seal at once, one fails on the number that both would use.
    """
    latest = await _latest(work, trail, overlap)
    rows = await _unsealed(work, trail, latest)
    if not rows:
        return 0
    ids = b"".join(_packed(row.id) for row in rows)
    digests = b"".join(bytes(row.digest) for row in rows)
    number = latest.number + 1
    head = trail, number, canonical(work.now), latest.digest.hex()
    seal = {
        "trail": trail,
        "number": number,
        "sealed_at": work.now,
        "row_count": len(rows),
        "row_ids": ids,
        "previous": latest.digest,
        "digest": work.digest(*head, ids.hex(), digests.hex()),
    }
    await work.execute(insert(tables.seals), seal)
    return len(rows)


async def _latest(work: Work, trail: str, overlap: timedelta) -> Latest:
    query = select(_seal.number, _seal.digest).where(_seal.trail == trail)
    last = (await work.execute(query.order_by(_seal.number.desc()).limit(1))).first()
    if last is None:
        return Latest(0, NOTHING_BEFORE, 0, frozenset())
    highest_by_number = await _highest_ids(work, trail, overlap)
    since = max(highest_by_number.values()) - _span(overlap)
    recent = [number for number, highest in highest_by_number.items() if highest > since]
    rows = select(_seal.row_ids).where(_seal.trail == trail, _seal.number.in_(recent))
    sealed = frozenset(
        each
        for (packed,) in await work.execute(rows)
        for each in _split(packed)
        if int.from_bytes(each, "big") > since
    )
    return Latest(last.number, bytes(last.digest), max(since, 0), sealed)


async def _highest_ids(work: Work, trail: str, overlap: timedelta) -> dict[int, int]:
    """Return the highest id of each seal that may cover anything of the overlap, by its number.

    Going back, a seal of late rows is no reason to stop. Every id of a seal lies above the highest
    one sealed before it, less the longest overlap; so a seal whose highest id lies the longest
    overlap below what we look for has only older seals before it.
    """
    found: dict[int, int] = {}
    last_id = func.substr(_seal.row_ids, (_seal.row_count - 1) * _ID_BYTES + 1, _ID_BYTES)
    query = select(_seal.number, last_id.label("highest")).where(_seal.trail == trail)
    before = None
    while True:
        page = query if before is None else query.where(_seal.number < before)
        rows = (await work.execute(page.order_by(_seal.number.desc()).limit(_SEALS_READ))).all()
        for row in rows:
            highest = int.from_bytes(bytes(row.highest), "big")
            found[row.number] = highest
            if highest <= max(found.values()) - _span(overlap) - _span(OVERLAP_MAX):
                return found
        if len(rows) < _SEALS_READ:
            return found
        before = rows[-1].number


async def _unsealed(work: Work, trail: str, latest: Latest) -> list[Any]:
    """Read the oldest rows that are settled and in no seal, by a range of the index on the id."""
    rows = table(trail, column("id", Key("row")), column("digest", LargeBinary))
    settled = int((work.now - SETTLING).timestamp() * 1000) << _RANDOM_BITS
    found: list[Any] = []
    since = latest.since
    while len(found) < ROWS_MAX:
        query = (
            select(rows.c.id, rows.c.digest)
            .where(rows.c.id > compose("row", since), rows.c.id < compose("row", settled))
            .order_by(rows.c.id)
            .limit(ROWS_MAX)
        )
        page = (await work.execute(query)).all()
        found += [row for row in page if _packed(row.id) not in latest.sealed]
        if len(page) < ROWS_MAX:
            break
        since = number_of(page[-1].id)
    return found[:ROWS_MAX]


def _span(length: timedelta) -> int:
    """Return how far apart two ids are that were made so long after each other."""
    return int(length.total_seconds() * 1000) << _RANDOM_BITS


def _packed(identifier: str) -> bytes:
    return number_of(identifier).to_bytes(_ID_BYTES, "big")


def _split(packed: bytes) -> list[bytes]:
    return [bytes(packed[at : at + _ID_BYTES]) for at in range(0, len(packed), _ID_BYTES)]
