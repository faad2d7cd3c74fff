"""Make plans and change their drafts. What was published is never changed: a draft follows it."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import orjson
from sqlalchemy import insert, update

from core import products
from core.catalog import events, finding, tables
from core.catalog.comparing import compare
from core.catalog.errors import (
    DraftChanged,
    PlanArchived,
    PlanKeyTaken,
    PlanVersionNotFound,
    PlanVersionPublished,
)
from core.catalog.model import Plan, PlanVersion, Terms
from core.catalog.writing import write_terms
from core.db.upsert import insert_if_absent
from core.db.work import Work
from core.operations.errors import invalid

BYTES_MAX = 256 * 1024
"""A version is read whole wherever anything of it is needed."""
_TERMS = tuple(each.name for each in fields(Terms))


async def create(work: Work, plan: Plan, terms: Terms) -> PlanVersion:
    """Write a plan and the draft of its first version. Its key names it for ever."""
    # Locked, so that the product is not archived while a plan of it is made.
    product = await products.find_product(work, plan.product_key, lock=True)
    if product.archived_at:
        raise products.ProductArchived(product.key)
    row = {name: getattr(plan, name) for name in plan.__slots__}
    if not await insert_if_absent(work, tables.plans, row):
        raise PlanKeyTaken(plan.key)
    await events.tell(work, events.PLAN_CREATED, plan.id, events.plan_facts(plan))
    return await _begin(work, plan, 1, terms, None)


async def change(
    work: Work,
    plan_key: str,
    *,
    named: Mapping[str, Any],
    terms: Mapping[str, Any],
    version: int | None = None,
    revision: int | None = None,
) -> PlanVersion | None:
    """Change what is named of the plan, and of its draft, which is begun if there is none.

    Return the draft, or None where only the plan was changed and there is no draft.
    """
    plan = await finding.plan(work, plan_key, lock=True)
    if plan.archived_at:
        raise PlanArchived(plan_key)
    draft = await expected(work, plan, version, revision)
    if named:
        plan = await _rename(work, plan, named)
    if not terms:
        return draft and replace(draft, plan=plan)
    if draft is None:
        [newest] = await finding.versions(work, plan, limit=1)
        return await _begin(work, plan, newest.number + 1, replace_terms(newest, terms), newest)
    return await _change(work, replace(draft, plan=plan), terms)


async def expected(
    work: Work, plan: Plan, version: int | None, revision: int | None
) -> PlanVersion | None:
    """Return the plan's draft, if it is the one that is meant. The plan is locked.

    Raises PlanVersionPublished where the version meant is published, and DraftChanged where
    another revision of the draft is meant than there is.
    """
    draft = await finding.draft_or_none(work, plan)
    if version is not None and (draft is None or draft.number != version):
        published = await finding.versions(work, plan, limit=1)
        if published and version <= published[0].number:
            raise PlanVersionPublished(plan.key, version)
        raise PlanVersionNotFound(plan.key, str(version))
    if revision is not None and (draft is None or draft.revision != revision):
        raise DraftChanged(plan.key, draft.revision if draft else 0)
    return draft


def replace_terms(terms: Terms, changes: Mapping[str, Any]) -> Terms:
    """Return the terms with these members changed, as Terms and nothing more."""
    kept = {name: getattr(terms, name) for name in _TERMS}
    return Terms(**(kept | dict(changes)))


async def _begin(
    work: Work, plan: Plan, number: int, terms: Terms, before: Terms | None
) -> PlanVersion:
    draft = PlanVersion(
        **{name: getattr(terms, name) for name in _TERMS},
        id=work.ids.new("plv"),
        number=number,
        plan=plan,
        revision=1,
        created_at=work.now,
        published_at=None,
        effective_at=None,
        superseded_at=None,
    )
    row = {"plan_id": plan.id, "id": draft.id, "number": number, "revision": 1}
    row |= {"created_at": work.now, "updated_at": work.now}
    await work.execute(insert(tables.drafts), row | _written(draft))
    await events.tell_version(work, events.PLAN_UPDATED, draft, compare(before, draft))
    return draft


async def _change(work: Work, draft: PlanVersion, terms: Mapping[str, Any]) -> PlanVersion:
    changed = replace(draft, **terms)
    if changed == draft:
        return draft
    after, d = replace(changed, revision=draft.revision + 1), tables.drafts.c
    guarded = update(tables.drafts).where(d.id == draft.id, d.revision == draft.revision)
    row = {"revision": after.revision, "updated_at": work.now}
    written = await work.execute(guarded.values(row | _written(after)))
    assert written.rowcount == 1, "the plan is locked"
    await events.tell_version(work, events.PLAN_UPDATED, after, compare(draft, after))
    return after


async def _rename(work: Work, plan: Plan, named: Mapping[str, Any]) -> Plan:
    after, p = replace(plan, **named, updated_at=work.now), tables.plans.c
    if replace(after, updated_at=plan.updated_at) == plan:
        return plan
    row = {**named, "updated_at": work.now}
    await work.execute(update(tables.plans).where(p.id == plan.id).values(row))
    told = events.plan_facts(after), events.plan_facts(plan)
    await events.tell(work, events.PLAN_UPDATED, plan.id, *told)
    return after


def _written(terms: Terms) -> dict[str, Any]:
    written = write_terms(terms)
    if (size := len(orjson.dumps(written))) > BYTES_MAX:
        raise invalid("items", f"take {size} bytes as JSON; a plan may have {BYTES_MAX}")
    return written
