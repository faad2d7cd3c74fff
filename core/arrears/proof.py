"""Prove billed usage: each line comes to what its explanation says, and is billed once.

Lines are read as they were issued, and computed again from what they say of themselves.
"""

from typing import Any

from sqlalchemy import and_, select

from core import pricing_rules
from core.arrears import explaining, tables
from core.claims import tables as claims_tables
from core.db.proving import prove_rows, stream
from core.db.work import Work
from core.invoicing import tables as invoicing
from core.kernel.errors import EngineError
from core.kernel.money import Asset
from core.kernel.proving import Proof
from core.metering import tables as metering

PROTECTED = ("arrears_billed",)
OURS = ("usage", "progressive", "adjustment")
"""The kinds of lines that tell of usage."""


async def prove(work: Work, proof: Proof) -> None:
    """Look at every line of usage that was issued, and at what is noted of it."""
    await prove_rows(work, proof, tables.billed, "billed usage")
    await _prove_lines(work, proof)
    await _prove_noted(work, proof)
    await _prove_claimed(work, proof)
    await _prove_waiting(work, proof)


async def _prove_lines(work: Work, proof: Proof) -> None:
    """Compute every line again from its explanation; each is noted with its amount."""
    line, b = invoicing.lines.c, tables.billed.c
    noted = (b.project_id == line.project_id) & (b.invoice_id == line.invoice_id)
    query = (
        select(
            *(line.line_id, line.kind, line.amount, line.explanation, line.document_id),
            *(invoicing.invoices.c.asset, b.amount.label("noted")),
        )
        .join(
            invoicing.invoices,
            (invoicing.invoices.c.project_id == line.project_id)
            & (invoicing.invoices.c.id == line.invoice_id),
        )
        .outerjoin(tables.billed, and_(noted, b.line_id == line.line_id, b.kind != "note"))
        .where(line.kind.in_(OURS))
    )
    async for row in stream(work, query):
        told = row.explanation
        if "subscription_id" not in told or "before" not in told:
            # Drawn up by hand, or a credit note's.
            continue
        proof.saw("lines of usage")
        if problem := await _wrong(work, row):
            proof.differs(row.line_id, problem)


async def _wrong(work: Work, row: Any) -> str | None:
    told, asset = row.explanation, Asset.parse(row.asset)
    try:
        rules: tuple[pricing_rules.Rule, ...] = ()
        if told.get("rules"):
            rules = await pricing_rules.pinned(work, told["rules"]["applied"])
        amount = explaining.recompute(told, asset, rules)
    except (explaining.NotAsExplained, EngineError, KeyError, ValueError) as error:
        return f"it cannot be computed again: {error}"
    if amount != row.amount:
        return f"its explanation comes to {amount}, and it says {row.amount}"
    return None


async def _prove_noted(work: Work, proof: Proof) -> None:
    """Find what is said to be billed, by a line that is not there or says otherwise."""
    b, line = tables.billed.c, invoicing.lines.c
    query = (
        select(b.line_id, b.amount, line.amount.label("issued"))
        .outerjoin(
            invoicing.lines,
            and_(
                line.project_id == b.project_id,
                line.invoice_id == b.invoice_id,
                line.line_id == b.line_id,
                line.explanation["of"].as_string().is_(None),
            ),
        )
        .where(b.kind != "note")
    )
    async for row in stream(work, query):
        if row.issued != row.amount:
            said = "no line" if row.issued is None else f"a line of {row.issued}"
            proof.differs(row.line_id, f"{row.amount} are billed by it, and it is {said}")


async def _prove_claimed(work: Work, proof: Proof) -> None:
    """Find usage that is in two invoices: a line of a time that is not its subscription's."""
    b, m, k = tables.billed.c, metering.meters.c, claims_tables.claims.c
    query = (
        select(b.line_id, b.subscription_id, k.claimed_by)
        .join(metering.meters, m.key == b.meter_key)
        .outerjoin(
            claims_tables.claims,
            and_(
                k.project_id == b.project_id,
                k.meter_id == m.id,
                k.start_at < b.end_at,
                k.end_at > b.start_at,
            ),
        )
        .where(b.start_at < b.end_at)
    )
    claims: dict[str, tuple[str, set[str | None]]] = {}
    async for row in stream(work, query):
        claims.setdefault(row.line_id, (row.subscription_id, set()))[1].add(row.claimed_by)
    for line_id, (own, by) in claims.items():
        if own not in by and by == {None}:
            proof.differs(line_id, f"{own} bills usage that it has not claimed")
    await _prove_once(work, proof)


async def _prove_once(work: Work, proof: Proof) -> None:
    """Find an item that is billed twice as a whole, or in two times that overlap."""
    b, other = tables.billed.c, tables.billed.alias("other").c
    query = select(b.line_id, other.line_id.label("too")).where(
        b.project_id == other.project_id,
        b.subscription_id == other.subscription_id,
        b.item_key == other.item_key,
        b.kind == "usage",
        other.kind == "usage",
        b.line_id < other.line_id,
        b.start_at < other.end_at,
        b.end_at > other.start_at,
    )
    async for row in stream(work, query):
        proof.differs(row.line_id, f"{row.too} bills the same usage")


async def _prove_waiting(work: Work, proof: Proof) -> None:
    """Find usage that was issued and is noted nowhere."""
    p, i, b = tables.periods.c, invoicing.invoices.c, tables.billed.c
    query = (
        select(p.invoice_id)
        .join(invoicing.invoices, (i.project_id == p.project_id) & (i.id == p.invoice_id))
        .outerjoin(tables.billed, (b.project_id == p.project_id) & (b.invoice_id == p.invoice_id))
        .where(p.state == "billed", i.number.is_not(None), b.line_id.is_(None))
    )
    async for row in stream(work, query):
        proof.differs(row.invoice_id, "it bills usage, and none is noted")
