"""Which properties rules may ask for. Defined once, so that a slip of the pen is refused."""

from dataclasses import replace

from sqlalchemy import select

from core.db.upsert import insert_if_absent, upsert
from core.db.work import Work
from core.operations.errors import invalid
from core.pricing_facts import events, tables
from core.pricing_facts.errors import PropertyTaken
from core.pricing_facts.model import Known, Of, Property, ValueType, known


async def all_known(work: Work) -> Known:
    """Return every property that is defined."""
    return known([*await list_all(work)])


async def list_all(work: Work) -> list[Property]:
    p = tables.properties.c
    rows = await work.execute(select(tables.properties).order_by(p.whose, p.name))
    return [
        Property(
            of=Of(row.whose),
            name=row.name,
            type=ValueType(row.type),
            description=row.description,
            values=tuple(row.allowed),
            created_at=row.created_at,
        )
        for row in rows
    ]


async def define(work: Work, wanted: Property) -> Property:
    """Define a property, or say more about one. Its type stays, and so does every value it has.

    Raises PropertyTaken where it is of another type.
    """
    row = _row(wanted)
    if await insert_if_absent(work, tables.properties, row):
        await events.property_defined(work, wanted)
        return wanted
    p = tables.properties.c
    this = select(p.name).where(p.whose == str(wanted.of), p.name == wanted.name)
    await work.execute(this.with_for_update())
    before = (await all_known(work))[wanted.of, wanted.name]
    if before.type is not wanted.type:
        raise PropertyTaken(str(wanted.of), wanted.name)
    missing = set(before.values) - set(wanted.values) if wanted.values else set()
    if missing or (wanted.values and not before.values):
        kept = ", ".join(sorted(missing)) or "anything, as it may be now"
        raise invalid("values", f"must also hold {kept}: rules and facts may rely on it")
    after = replace(wanted, created_at=before.created_at)
    if after != before:
        await upsert(work, tables.properties, _row(after), key=("whose", "name"))
        await events.property_defined(work, after)
    return after


def _row(told: Property) -> dict[str, object]:
    return {
        "whose": str(told.of),
        "name": told.name,
        "type": str(told.type),
        "description": told.description,
        "allowed": [*told.values],
        "created_at": told.created_at,
    }
