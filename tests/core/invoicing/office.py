"""A project that is invoiced, by a legal entity that is somewhere."""

from decimal import Decimal
from typing import Any

from sqlalchemy import select

from core import invoicing, parties, surface
from core.db.work import Work
from core.invoicing import Address, Bill, Invoice, LegalEntity, Line, tables
from core.kernel.ids import compose
from core.kernel.proving import Proof
from core.taxing import Policy, Rate, Rule
from tests.core.bills.bills import USD, line
from tests.core.ledger.books import unit
from tests.world import PROJECT, World

VAT = Rate("VAT", Decimal(20))
ACME = LegalEntity(
    key="default",
    name="Acme GmbH",
    address=Address(lines=("Main Street 1",), postal_code="10115", city="Berlin", country="DE"),
    vat_id="DE136695976",
    zone="Europe/Berlin",
    rules=(Rule(country="DE", rates=(VAT,)),),
)


async def open_office(world: World, entity: LegalEntity = ACME) -> None:
    async with unit(world) as work:
        await parties.set_entity(work, entity)


async def draw_up(
    world: World, reference: str, *lines: Line, project_id: str = PROJECT, **more: Any
) -> Invoice:
    async with unit(world, project_id) as work:
        return await draw_up_in(work, reference, *lines, **more)


async def draw_up_in(work: Work, reference: str, *lines: Line, **more: Any) -> Invoice:
    told = [Line(**{each: getattr(n, each) for each in Line.__slots__} | {"id": ""}) for n in lines]
    return await invoicing.draft(work, Bill(reference=reference, asset=USD, lines=told, **more))


async def issue(
    world: World, reference: str, *lines: Line, project_id: str = PROJECT, **more: Any
) -> Invoice:
    """Draw up an invoice of these lines, or of one over $100, and finalize it."""
    made = lines or (line("seat", "100.00"),)
    drawn = await draw_up(world, reference, *made, project_id=project_id)
    async with unit(world, project_id) as work:
        return await invoicing.finalize(work, drawn.id, **more)


async def numbers(world: World) -> list[str]:
    """Return every number there is, in the order in which they count."""
    async with unit(world) as work:
        d = tables.documents.c
        query = select(d.number).order_by(d.entity_key, d.series, d.year, d.sequence)
        return [row.number for row in await work.execute(query)]


async def found(world: World) -> list[str]:
    """Return what a proof of everything finds wrong."""
    proof: Proof = await surface.prove(world.database)
    return [str(each) for each in proof.differences]


def project(number: int) -> str:
    return compose("prj", number)


__all__ = ["ACME", "PROJECT", "Policy", "draw_up", "found", "issue", "numbers", "open_office"]
