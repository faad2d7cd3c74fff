"""Prove dunning: no log has a gap, and what goes on has something that is due or is suspended.

It reads rows as they are stored, and shares no code with what wrote them.
"""

from sqlalchemy import and_, func, select

from core.db.proving import stream
from core.db.work import Work
from core.dunning import tables
from core.kernel.proving import Proof

PROTECTED = ("dunning_log",)
"""What was done is never changed."""


async def prove(work: Work, proof: Proof) -> None:
    """Look at every run, with its log and the steps that it has left."""
    r, g, s = tables.runs.c, tables.log.c, tables.steps.c
    lines = (
        select(
            g.project_id, g.run_id, func.count().label("lines"), func.max(g.number).label("last")
        )
        .group_by(g.project_id, g.run_id)
        .subquery()
    )
    left = (
        select(s.project_id, s.run_id, func.count().label("left"))
        .where(s.done_at.is_(None))
        .group_by(s.project_id, s.run_id)
        .subquery()
    )
    query = (
        select(r.id, r.state, r.logged, lines.c.lines, lines.c.last, left.c.left)
        .outerjoin(lines, and_(lines.c.project_id == r.project_id, lines.c.run_id == r.id))
        .outerjoin(left, and_(left.c.project_id == r.project_id, left.c.run_id == r.id))
    )
    async for row in stream(work, query):
        proof.saw("dunning runs")
        if not row.logged == row.lines == row.last:
            proof.differs(row.id, f"its log has {row.lines or 0} lines of {row.logged}")
        if row.state == "open" and not row.left:
            proof.differs(row.id, "it is open, and nothing is ever due")
        if row.state == "closed" and row.left:
            proof.differs(row.id, f"it is closed, and {row.left} steps are due still")
