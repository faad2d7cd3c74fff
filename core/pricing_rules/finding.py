"""Find rules: the newest version, any version, or those that were in force at an instant.

What was in force at an instant that has passed never changes, because no version begins before it
was made, and none that was made is changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, or_, select, tuple_

from core.db.work import Work
from core.pricing_rules import tables
from core.pricing_rules.errors import RuleNotFound
from core.pricing_rules.model import Rule
from core.pricing_rules.reading import restore_terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A rule as it is kept: its newest version, and which one is in force now."""

    id: str
    rule: Rule
    """The newest version, or the one that was asked for."""
    newest: int
    in_force: int | None
    created_at: datetime
    archived_at: datetime | None


async def active(work: Work, at: datetime) -> tuple[Rule, ...]:
    """Return the rules that are in force at this instant, each in the version that is."""
    found = await work.execute(_in_force(at))
    return tuple(_rule(row) for row in found)


async def pinned(work: Work, references: Sequence[str]) -> tuple[Rule, ...]:
    """Return these versions, as `key@version` names them. Raises RuleNotFound."""
    named = [_reference(each) for each in references]
    r, v = tables.rules.c, tables.versions.c
    query = _versions().where(tuple_(r.key, v.version).in_([*set(named)]))
    found = {(rule.key, rule.version): rule for rule in map(_rule, await work.execute(query))}
    for reference, each in zip(references, named, strict=True):
        if each not in found:
            raise RuleNotFound(reference)
    return tuple(found[each] for each in dict.fromkeys(named))


def _reference(text: str) -> tuple[str, int]:
    key, _, version = text.rpartition("@")
    if not (version.isascii() and version.isdigit() and len(version) < 10):
        raise RuleNotFound(text)
    return key, int(version)


async def find(work: Work, key: str, version: int | None = None, *, lock: bool = False) -> Kept:
    """Find a rule in its newest version, or in this one. Raises RuleNotFound."""
    r, v = tables.rules.c, tables.versions.c
    if lock:
        # First, and alone: who waits for the lock would read the version of before the wait.
        await work.execute(select(r.id).where(r.key == key).with_for_update())
    wanted = v.version == (r.version if version is None else version)
    row = (await work.execute(_versions().where(r.key == key, wanted))).first()
    if row is None:
        raise RuleNotFound(key if version is None else f"{key}@{version}")
    in_force = (await work.execute(_in_force(work.now).where(r.key == key))).first()
    return _kept(row, in_force.version if in_force else None)


async def list_after(work: Work, after: str | None, limit: int, *, archived: bool) -> list[Kept]:
    """Return rules by their key, each in its newest version."""
    r, v = tables.rules.c, tables.versions.c
    query = _versions().where(v.version == r.version).order_by(r.key).limit(limit)
    if not archived:
        query = query.where(r.archived_at.is_(None))
    if after is not None:
        query = query.where(r.key > after)
    rows = list(await work.execute(query))
    ids = [row.rule_id for row in rows]
    now = await work.execute(_in_force(work.now).where(r.id.in_(ids)))
    in_force = {row.rule_id: row.version for row in now}
    return [_kept(row, in_force.get(row.rule_id)) for row in rows]


async def versions_of(work: Work, rule_id: str, limit: int) -> list[Rule]:
    """Return the versions of a rule, the newest first."""
    v = tables.versions.c
    query = _versions().where(v.rule_id == rule_id).order_by(v.version.desc()).limit(limit)
    return [_rule(row) for row in await work.execute(query)]


async def count(work: Work) -> int:
    """Count the rules that were not archived."""
    query = select(func.count()).where(tables.rules.c.archived_at.is_(None))
    return int((await work.execute(query)).scalar_one())


def _in_force(at: datetime) -> Select[Any]:
    """Of each rule, the last version that had begun by then, unless that one or the rule ended."""
    r, v = tables.rules.c, tables.versions.c
    earlier = tables.versions.alias("earlier").c
    last = (
        select(func.max(earlier.version))
        .where(earlier.rule_id == v.rule_id, earlier.effective_at <= at)
        .scalar_subquery()
    )
    return (
        _versions()
        .where(
            v.version == last,
            or_(v.ends_at.is_(None), v.ends_at > at),
            or_(r.archived_at.is_(None), r.archived_at > at),
        )
        .order_by(r.key)
    )


def _versions() -> Select[Any]:
    r, v = tables.rules.c, tables.versions.c
    kept = (r.key, r.version.label("newest"), r.created_at.label("made_at"), r.archived_at)
    return select(tables.versions, *kept).join(tables.rules, r.id == v.rule_id)


def _rule(row: Any) -> Rule:
    return Rule(
        key=row.key,
        name=row.name,
        version=row.version,
        terms=restore_terms(row.terms),
        effective_at=row.effective_at,
        ends_at=row.ends_at,
    )


def _kept(row: Any, in_force: int | None) -> Kept:
    return Kept(
        id=row.rule_id,
        rule=_rule(row),
        newest=row.newest,
        in_force=in_force,
        created_at=row.made_at,
        archived_at=row.archived_at,
    )
