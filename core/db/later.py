"""What a shared unit writes waits until somebody reads, or for the commit, and travels together.

Every table that is written to would cost a round trip. Most units read nothing after their first
write, so what they write is kept back and sent at once: on Postgres as one statement of which each
part writes one table, beside a COPY for each that gets many rows; elsewhere one after the other.
Whoever reads in the unit sends first what it wrote, so that nobody can tell the difference.

Parts stand in the order in which they were written, which is that of the unit's steps, so that the
one statement takes its locks in one order in every unit.
"""

# ruff: noqa: S608 - every name in these statements is one of our own tables and columns, and every
# value travels as a parameter

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from core.db.asking import ask, copy
from core.db.columns import Columns, Row
from core.db.together import Collided, Item, Step

if TYPE_CHECKING:
    from core.db.work import Work

COPIED_MIN = 40
"""From so many rows on, a COPY of its own costs less than a part of the one statement does."""


@dataclass(frozen=True, slots=True)
class Write:
    """Rows on their way into a table: `{head} {the rows, as k} {tail}`."""

    table: str
    columns: Columns
    rows: list[Row]
    head: str
    tail: str
    is_claim: bool = False
    """Every row must be new: the tail leaves out, and does not return, those that are not."""

    @property
    def is_plain(self) -> bool:
        """Whether it is an insert and nothing else, which may be a COPY."""
        return not self.is_claim and self.tail == ""

    def takes(self, other: "Write") -> bool:
        """Tell whether the rows of the other may be written as rows of this."""
        return self.is_plain and other.is_plain and self.head == other.head


@dataclass(slots=True)
class Later:
    """What one unit has written and not yet sent."""

    writes: list[Write] = field(default_factory=list)
    left: dict[Step[Any, Any], list[tuple["Work", Any]]] = field(default_factory=dict)
    """Steps that calls of the unit left to be taken, with what each of them is to be taken for."""

    def leave(self, work: "Work", step: Step[Item, Any], item: Item) -> None:
        """Take the step for this call later: once for all who left it, and before any sending."""
        self.left.setdefault(step, []).append((work, item))

    async def add(self, work: "Work", write: Write) -> None:
        """Keep it back, after everything that was written before it."""
        before = next((each for each in self.writes if each.table == write.table), None)
        if before and before.takes(write):
            before.rows.extend(write.rows)
            return
        if before:
            # One statement must not write one row twice.
            await self.send(work)
        self.writes.append(write)

    async def send(self, work: "Work") -> None:
        """Take what was left and send what was kept back.

        Raises Collided if what must be new was there already.
        """
        left, self.left = self.left, {}
        for step in sorted(left, key=lambda each: each.order):
            await step.run(left[step])
        writes, self.writes = self.writes, []
        await send(work, writes)


async def send(work: "Work", writes: Sequence[Write]) -> None:
    """Write all of this, in as few statements as the database allows."""
    parts = []
    for each in writes:
        if not each.columns.arrays:
            await (_row_by_row if each.is_plain else _in_portions)(work, each)
        elif each.is_plain and len(each.rows) >= COPIED_MIN:
            await copy(work, each.table, each.columns, each.rows)
        else:
            parts.append(each)
    if parts:
        await _as_one(work, parts)


async def _row_by_row(work: "Work", write: Write) -> None:
    names = write.columns.names
    holes = ", ".join("?" * len(names))
    sql = f"insert into {write.table} ({', '.join(names)}) values ({holes})"
    await work.connection.exec_driver_sql(sql, write.columns.as_tuples(write.rows))


async def _in_portions(work: "Work", write: Write) -> None:
    new = 0
    for values, parameters in write.columns.portions(write.rows):
        sql = f"{write.head} {values} {write.tail}"
        new += len(await ask(work, write.columns, sql, parameters))
    _check(write, new)


async def _as_one(work: "Work", writes: Sequence[Write]) -> None:
    parts: list[str] = []
    parameters: list[Any] = []
    for n, each in enumerate(writes):
        rows = each.columns.zipped(len(parameters) + 1)
        parts.append(f"w{n} as ({each.head} {rows} {each.tail})")
        parameters += each.columns.as_json(each.rows)
    claims = [(n, each) for n, each in enumerate(writes) if each.is_claim]
    told = ", ".join(f"(select count(*) from w{n})" for n, _ in claims) or "1"
    sql = f"with {', '.join(parts)} select {told}"
    [counts] = await ask(work, writes[0].columns, sql, tuple(parameters))
    for (_, each), new in zip(claims, counts, strict=False):
        _check(each, new)


def _check(write: Write, new: int) -> None:
    if write.is_claim and new < len(write.rows):
        raise Collided
