"""Make, change and archive rules. A change is another version; what was charged keeps its own."""

from dataclasses import replace
from typing import Any

from sqlalchemy import insert, update

from core.db.upsert import insert_if_absent
from core.db.work import Work
from core.operations.errors import invalid
from core.pricing_rules import events, finding, tables
from core.pricing_rules.errors import RuleArchived, RuleKeyTaken, TooManyRules
from core.pricing_rules.finding import Kept
from core.pricing_rules.model import Rule
from core.pricing_rules.reading import write_terms

RULES_MAX = 200
"""Those who add at the same instant may pass it by a few: fewer than can be computed with."""


async def create(work: Work, rule: Rule) -> Kept:
    """Write a rule and its first version. Its key names it for ever."""
    _check_times(work, rule)
    if await finding.count(work) >= RULES_MAX:
        raise TooManyRules("rules", RULES_MAX)
    rule_id = work.ids.new("prl")
    row = {"id": rule_id, "key": rule.key, "version": rule.version, "created_at": work.now}
    if not await insert_if_absent(work, tables.rules, row):
        raise RuleKeyTaken(rule.key)
    await _write(work, rule_id, rule)
    work.record("created", rule_id)
    await events.tell(work, events.RULE_CREATED, rule_id, rule)
    return await finding.find(work, rule.key)


async def change(work: Work, key: str, changes: dict[str, Any]) -> Kept:
    """Write the next version: what is named changes, and the rest is as it was.

    It takes the place of a version that was to begin later, too.
    """
    kept = await finding.find(work, key, lock=True)
    if kept.archived_at:
        raise RuleArchived(key)
    before = kept.rule
    after = replace(before, **changes, version=before.version + 1)
    _check_times(work, after)
    await _set(work, kept, version=after.version)
    await _write(work, kept.id, after)
    work.record("changed", kept.id)
    await events.tell(work, events.RULE_UPDATED, kept.id, before, after)
    return await finding.find(work, key)


async def archive(work: Work, key: str) -> Kept:
    """Apply it no longer. What was charged before keeps it. Archived twice is archived."""
    kept = await finding.find(work, key, lock=True)
    if kept.archived_at:
        return kept
    await _set(work, kept, archived_at=work.now)
    work.record("archived", kept.id)
    await events.tell(work, events.RULE_ARCHIVED, kept.id, kept.rule)
    return await finding.find(work, key)


async def _set(work: Work, kept: Kept, **values: Any) -> None:
    r = tables.rules.c
    this = update(tables.rules).where(r.id == kept.id, r.version == kept.newest)
    written = await work.execute(this.where(r.archived_at.is_(None)).values(values))
    assert written.rowcount == 1, "the rule is locked"


async def _write(work: Work, rule_id: str, rule: Rule) -> None:
    row = {
        "rule_id": rule_id,
        "version": rule.version,
        "name": rule.name,
        "terms": write_terms(rule.terms),
        "effective_at": rule.effective_at,
        "ends_at": rule.ends_at,
        "created_at": work.now,
    }
    await work.execute(insert(tables.versions), row)


def _check_times(work: Work, rule: Rule) -> None:
    """Refuse to change what was charged: a version begins now or later, and lasts."""
    if rule.effective_at < work.now:
        raise invalid("effective_at", "must not lie in the past: what was charged keeps its rules")
    if rule.ends_at is not None and rule.ends_at <= rule.effective_at:
        raise invalid("ends_at", "must be later than effective_at")
