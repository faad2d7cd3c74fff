"""Prove the catalog: a published version says what was published, and none is missing."""

from sqlalchemy import func, select

from core.catalog import tables
from core.db.proving import prove_rows, stream
from core.db.work import Work
from core.kernel.proving import Proof

PROTECTED = ("catalog_versions",)


async def prove(work: Work, proof: Proof) -> None:
    """Look at every published version; a plan's are numbered without a gap, up to its draft."""
    await prove_rows(work, proof, tables.versions, "plan versions")
    v, d = tables.versions.c, tables.drafts.c
    query = (
        select(
            v.plan_id,
            func.count().label("versions"),
            func.max(v.number).label("last"),
            func.max(d.number).label("draft"),
        )
        .outerjoin(tables.drafts, d.plan_id == v.plan_id)
        .group_by(v.plan_id)
        .order_by(v.plan_id)
    )
    async for row in stream(work, query):
        if row.versions != row.last or (row.draft is not None and row.draft != row.last + 1):
            proof.differs(row.plan_id, "one of its published versions is gone")
