"""Prove the books: recompute everything that is protected, and say what differs."""

from core import (
    arrears,
    audit,
    catalog,
    collecting,
    dunning,
    invoicing_proof,
    ledger_proof,
    metering_proof,
    packages,
    payments,
    pricing_rules,
    printing,
    revenue,
    settling,
    statements,
    stepping,
    subscriptions_proof,
)
from core.audit import reading
from core.db.triggers import missing_guards
from core.db.work import Database, Work
from core.kernel.caller import SYSTEM
from core.kernel.ids import is_id
from core.kernel.proving import Proof

PROTECTED = (
    *ledger_proof.PROTECTED,
    *metering_proof.PROTECTED,
    *audit.PROTECTED,
    *packages.PROTECTED,
    *pricing_rules.PROTECTED,
    *catalog.PROTECTED,
    *invoicing_proof.PROTECTED,
    *printing.PROTECTED,
    *subscriptions_proof.PROTECTED,
    *arrears.PROTECTED,
    *dunning.PROTECTED,
)
"""Tables whose rows are inserted and never changed; a trigger on each refuses it."""

SECONDS_MAX = 3600.0


async def prove(database: Database) -> Proof:
    """Look at every protected row in one consistent state, while the engine goes on working."""
    proof = Proof()
    async with database.read(SYSTEM, seconds=SECONDS_MAX) as work:
        for guard in await missing_guards(work, PROTECTED):
            table, _, kind = guard.partition(":")
            proof.differs(table, f"the trigger that refuses {kind} is missing or disabled")
        proof.saw("protected tables", len(PROTECTED))
        await ledger_proof.prove(work, proof)
        await metering_proof.prove(work, proof)
        await payments.prove(work, proof)
        await settling.prove(work, proof)
        await catalog.prove(work, proof)
        await invoicing_proof.prove(work, proof)
        await printing.prove(work, proof)
        await collecting.prove(work, proof)
        await subscriptions_proof.prove(work, proof)
        await revenue.prove(work, proof)
        await arrears.prove(work, proof)
        await stepping.prove(work, proof)
        await dunning.prove(work, proof)
        await audit.prove(work, proof)
        await _prove_traced(work, proof)
    return proof


async def _prove_traced(work: Work, proof: Proof) -> None:
    """Find transactions that a call made and that are gone: the newest ones leave no other gap."""
    async for calls in reading.touched(work):
        made = {
            (project, each): call
            for call, project, ids in calls
            for each in ids
            if is_id("txn", each)
        }
        for gone in sorted(made.keys() - await statements.known(work, made)):
            proof.differs(gone[1], f"{made[gone]} made it, and it is gone")
