"""Prove rows that carry a digest: recompute it, sharing no code with what made it.

A digest is the last column of its row and covers all the others in their order: the first sixteen
bytes of keyed BLAKE2b (RFC 7693) over a JSON array, in which instants are UTC texts with
microseconds, bytes are hexadecimal, and JSON is its own text with sorted members.
"""

import hashlib
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, Table, select

from core.db.work import Work
from core.kernel.proving import Proof

CHUNK = 2000


async def stream(work: Work, query: Select[Any]) -> AsyncIterator[Any]:
    """Read rows without holding them all."""
    rows = await work.connection.stream(query.execution_options(yield_per=CHUNK))
    async for row in rows:
        yield row


async def prove_rows(work: Work, proof: Proof, table: Table, name: str) -> None:
    """Look at every row of the table, and report those that are not as they were written."""
    query = select(table).order_by(*table.primary_key.columns)
    async for row in stream(work, query):
        proof.saw(name)
        *signed, digest = row
        if digest_of(work, signed) != digest:
            key = " ".join(str(getattr(row, column.name)) for column in table.primary_key.columns)
            proof.differs(f"{table.name} {key}", "it is not what was written")


def digest_of(work: Work, values: list[Any]) -> bytes:
    packed = _json([_signed(value) for value in values]).encode()
    return hashlib.blake2b(packed, digest_size=16, key=work.digest_key).digest()


def _signed(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, bytes):
        return value.hex()
    return _json(value) if isinstance(value, dict | list) else value


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
