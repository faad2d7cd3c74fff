"""Prove the trail: every row is what was written, and every seal covers what it covered.

Shares no code with recording or sealing; `sealing.py` says how a seal is made. A row that a seal
names and that is gone was taken out. One that is older than the newest seal looks back, and is in
no seal, was smuggled in.
"""

import hashlib
import json
from collections.abc import AsyncIterator
from datetime import UTC
from typing import Any

from sqlalchemy import Table, select

from core.audit import tables
from core.db.proving import prove_rows, stream
from core.db.work import Work
from core.kernel.ids import compose, number_of
from core.kernel.proving import Proof

PROTECTED = ("audit_invocations", "audit_events", "audit_seals")

ID_BYTES = 16
LOOKED_BACK_MS = 3_600_000
"""A row whose id is older than this, when newer ones were sealed, can no longer be sealed."""


TRAILS = ((tables.invocations, "calls", "inv"), (tables.events, "audit events", "aud"))


async def prove(work: Work, proof: Proof) -> None:
    """Look at every call, event and seal; report each difference by its id."""
    for table, name, prefix in TRAILS:
        await prove_rows(work, proof, table, name)
        await prove_seals(work, proof, table, prefix)


async def prove_seals(work: Work, proof: Proof, table: Table, prefix: str) -> None:
    """Look at every seal of a table whose rows have an id with this prefix, and a digest."""
    sealed: set[bytes] = set()
    previous, number = bytes(ID_BYTES), 0
    async for seal in _seals(work, table.name):
        proof.saw("seals")
        number += 1
        what = f"seal {seal.number} of {table.name}"
        if seal.number != number:
            proof.differs(what, f"seal {number} is missing before it")
            number = seal.number
        if bytes(seal.previous) != previous:
            proof.differs(what, "it does not follow from the seal before it")
        ids = _split(bytes(seal.row_ids))
        names = [compose(prefix, int.from_bytes(each, "big")) for each in ids]
        await _check_seal(work, table, seal, names, proof)
        if len(ids) != seal.row_count or not sealed.isdisjoint(ids):
            proof.differs(what, "it does not name each of its rows once")
        sealed.update(ids)
        previous = bytes(seal.digest)
    await _find_smuggled(work, table, sealed, proof)


async def _seals(work: Work, trail: str) -> AsyncIterator[Any]:
    s = tables.seals.c
    async for seal in stream(work, select(tables.seals).where(s.trail == trail).order_by(s.number)):
        yield seal


async def _check_seal(work: Work, table: Table, seal: Any, names: list[str], proof: Proof) -> None:
    """Recompute the seal's digest from the rows it names, as they are now."""
    rows = await work.execute(select(table.c.id, table.c.digest).where(table.c.id.in_(names)))
    digests = {row.id: bytes(row.digest) for row in rows}
    what = f"seal {seal.number} of {table.name}"
    for gone in sorted(set(names) - digests.keys()):
        proof.differs(what, f"it names {gone}, which is gone")
    if len(digests) != len(set(names)):
        return
    parts = [
        seal.trail,
        seal.number,
        seal.sealed_at.astimezone(UTC).isoformat(timespec="microseconds"),
        bytes(seal.previous).hex(),
        bytes(seal.row_ids).hex(),
        "".join(digests[each].hex() for each in names),
    ]
    packed = json.dumps(parts, ensure_ascii=False, separators=(",", ":")).encode()
    expected = hashlib.blake2b(packed, digest_size=16, key=work.digest_key).digest()
    if expected != bytes(seal.digest):
        proof.differs(what, "it, or a row it covers, is not what was sealed")


async def _find_smuggled(work: Work, table: Table, sealed: set[bytes], proof: Proof) -> None:
    """Find rows that are older than any seal would still have taken, and are in none."""
    if not sealed:
        return
    newest = int.from_bytes(max(sealed), "big") >> 80
    async for row in stream(work, select(table.c.id)):
        number = number_of(row.id)
        if number >> 80 < newest - LOOKED_BACK_MS and number.to_bytes(16, "big") not in sealed:
            proof.differs(f"{table.name} {row.id}", "it is in no seal, and too old to wait for one")


def _split(packed: bytes) -> list[bytes]:
    return [packed[at : at + ID_BYTES] for at in range(0, len(packed), ID_BYTES)]
