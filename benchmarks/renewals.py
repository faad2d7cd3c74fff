"""Renewals: many subscriptions that are due in one minute, rated, finalized and posted.

One is made as any other; the rest are rows like its own, each in a project of its own, a period
ago. Then the job runs, as the worker runs it, in this process, until nothing is due any more.
"""

import asyncio
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Table, func, select

from benchmarks import ground, table
from benchmarks.rounds import Form, say, watched
from benchmarks.sample import Sample
from benchmarks.shops import make_project
from benchmarks.subjects import renewals
from benchmarks.watching import Watch, memory_of
from core import catalog, parties, subscriptions
from core.db.schema import metadata
from core.db.sets import insert_rows
from core.db.work import Database, Work
from core.invoicing import Address, LegalEntity
from core.jobs import Runtime, install, run_due
from core.kernel.caller import SYSTEM
from core.kernel.money import Asset
from core.ledger import operator_account
from core.ledger.chart import AccountRole
from core.subscriptions import Wanted
from core.taxing import Rate, Rule
from mcp_server.wiring import Installation, opened
from tests.core.catalog.shop import book, plan, product, written
from tests.processes import Child

RENEWED = "bursar_renewed"
"""A database of its own, whose books are proven when it is done."""
DAYS = 30
UNIT = 1_000
LOOK_SECONDS = 0.1
ACME = LegalEntity(
    key="default",
    name="Acme GmbH",
    address=Address(country="DE"),
    rules=(Rule(country="DE", rates=(Rate("VAT", Decimal(20)),)),),
)
ITEMS = (
    {
        "key": "fee",
        "name": "Fee",
        "kind": "recurring",
        "prices": {"usd": {"model": "flat", "amount": "20"}},
    },
    {
        "key": "seats",
        "name": "Seats",
        "kind": "recurring",
        "prices": {"usd": {"model": "per_unit", "unit": "5"}},
    },
)
COPIED = ("projects_projects", "subscriptions_subscriptions", "subscriptions_history")


@dataclass(slots=True)
class Renewals:
    """What came of it."""

    samples: Sequence[Sample]
    memory: Mapping[str, int]
    """Of this process, by how much was done."""
    clean: bool


async def of_one_minute(server: Child, folder: Path, form: Form, watch: Watch) -> Renewals:
    """Lay out so many subscriptions, have all of them renewed, and prove the books."""
    await ground.make_database(server, RENEWED)
    settings = await ground.settle(server, folder, RENEWED)
    async with opened(settings) as installation:
        began = time.perf_counter()
        await _lay_out(installation, form.renewals)
        took = time.perf_counter() - began
        say(f"laid out {form.renewals:,} subscriptions in {took:,.1f} s")
        memory: dict[str, int] = {}

        async def measure(_: float) -> Sample:
            return await _renew(installation.database, form.renewals, memory)

        samples = [await watched(measure, 0, watch)]
        say(f"renewed {samples[0].count:,} in {samples[0].seconds:,.1f} s: {samples[0].cores}")
        proof = await installation.prove()
        for each in proof.differences[:10]:
            say(f"renewals: {each}")
    return Renewals(samples, memory, proof.clean)


def row(found: Renewals, form: Form) -> table.Row:
    subject = renewals(form.renewals)
    clean = {"postgres": found.clean}
    seconds = [each.seconds for each in found.samples]
    return table.row(subject, {subject.name: found.samples}, clean=clean, values=seconds)


async def _renew(database: Database, number: int, memory: dict[str, int]) -> Sample:
    """Run the job until nothing is due, and look at the memory of this process meanwhile."""
    async with database.begin(SYSTEM) as work:
        await install(work, subscriptions.SCHEDULES)
    known = {each.job.name: each.job for each in subscriptions.SCHEDULES}
    looking = asyncio.create_task(_look(database, number, memory))
    sample, began = Sample(), time.perf_counter()
    try:
        await run_due(Runtime(database, known))
    finally:
        sample.seconds = time.perf_counter() - began
        looking.cancel()
    memory["all"] = memory_of(os.getpid())
    sample.count = await _issued(database)
    if sample.count != number:
        sample.fail(f"{sample.count:,} of {number:,} invoices were issued")
    return sample


async def _look(database: Database, number: int, memory: dict[str, int]) -> None:
    """Note the memory when a tenth, and when a half, is done."""
    waiting = [("a tenth", number // 10), ("a half", number // 2)]
    while waiting:
        await asyncio.sleep(LOOK_SECONDS)
        done = await _issued(database)
        for name, least in waiting:
            if done >= least:
                memory[name] = memory_of(os.getpid())
        waiting = [each for each in waiting if done < each[1]]


async def _issued(database: Database) -> int:
    counters = metadata.tables["invoicing_counters"].c
    async with database.read(SYSTEM) as work:
        found = await work.execute(select(func.coalesce(func.sum(counters.last), 0)))
        return int(found.scalar_one()) - 1


async def _lay_out(installation: Installation, number: int) -> None:
    """Make one for real, which has the first invoice, and the others after its pattern."""
    database, project_id = installation.database, await make_project(installation, "renewed")
    async with database.begin(SYSTEM) as work:
        await parties.set_entity(work, ACME)
        await catalog.create_product(work, product(work, "app"))
        await catalog.create_book(work, book(work, "usd", "USD/2", is_default=True))
        terms = await written(
            work, ITEMS, (), interval=catalog.Interval(catalog.IntervalUnit.DAY, DAYS)
        )
        await catalog.create_plan(work, plan(work, "pro"), terms)
        await catalog.publish(work, "pro")
    async with database.begin(SYSTEM) as work:
        one = await subscriptions.create(work.within(project_id), Wanted(plan_key="pro"))
    began_at = one.created_at - timedelta(days=DAYS, seconds=90)
    for first in range(0, number, UNIT):
        async with database.begin(SYSTEM) as work:
            count = min(UNIT, number - first)
            await _copy(work.within(project_id), began_at, first, count)


async def _copy(work: Work, began_at: datetime, first: int, count: int) -> None:
    ids = [(work.ids.new("prj"), work.ids.new("sub")) for _ in range(count)]
    for name in COPIED:
        table = metadata.tables[name]
        named = table.c.id if name == "projects_projects" else table.c.project_id
        query = select(table).where(named == work.project_id)
        first_row = dict((await work.execute(query)).mappings().one())
        rows = [
            first_row | _own(name, began_at, *each, number=first + n) for n, each in enumerate(ids)
        ]
        await _insert(work, table, rows)
    accounts = metadata.tables["ledger_accounts"]
    query = select(accounts).where(accounts.c.project_id == work.project_id)
    like = [dict(row) for row in (await work.execute(query)).mappings()]
    rows = [_account(each, project_id) for project_id, _ in ids for each in like]
    await _insert(work, accounts, rows)


def _own(
    name: str, began_at: datetime, project_id: str, subscription_id: str, *, number: int
) -> dict[str, Any]:
    """Return what differs in the row of another project."""
    if name == "projects_projects":
        return {"id": project_id, "external_key": f"renewed-{number:06d}"}
    if name == "subscriptions_history":
        own = {"effective_at": began_at, "done_at": began_at}
        return own | {"project_id": project_id, "subscription_id": subscription_id}
    ends_at = began_at + timedelta(days=DAYS)
    past = ("anchor_at", "period_start_at", "starts_at", "created_at", "updated_at")
    ended = {"period_end_at": ends_at, "next_due_at": ends_at}
    return dict.fromkeys(past, began_at) | ended | {"project_id": project_id, "id": subscription_id}


def _account(like: Mapping[str, Any], project_id: str) -> dict[str, Any]:
    role = AccountRole(like["role"])
    own = operator_account(project_id, role, Asset.parse(like["asset"]))
    empty = dict.fromkeys(("posted", "held", "sequence", "pinned", "burning_left"), 0)
    return dict(like) | empty | {"project_id": project_id, "id": own}


async def _insert(work: Work, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    names = tuple(column.name for column in table.columns)
    await insert_rows(work, table, names, [tuple(each[name] for name in names) for each in rows])
