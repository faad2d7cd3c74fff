"""What the operator says about a project: where it is, what labels it has, and its properties."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from core.db.upsert import upsert
from core.db.work import Work
from core.kernel.quantity import is_number
from core.operations.errors import invalid
from core.pricing_facts import events, tables
from core.pricing_facts.model import Facts, Known, Of, Property, Value, ValueType, plain

Told = bool | int | str
"""A value as JSON has it: a number may be written in quotes, and else is whole."""


async def facts_of(work: Work) -> Facts:
    """Return what is said about this unit's project."""
    query = select(tables.projects).where(tables.projects.c.project_id == work.project_id)
    row = (await work.execute(query)).first()
    if row is None:
        return Facts()
    return Facts(
        country=row.country,
        region=row.region,
        segments=frozenset(row.segments),
        properties={name: _stored(value) for name, value in row.properties.items()},
        updated_at=row.updated_at,
    )


async def write(work: Work, facts: Facts) -> None:
    """Say this about this unit's project from now on, and nothing else."""
    told = {
        "country": facts.country,
        "region": facts.region,
        "segments": sorted(facts.segments),
        "properties": {name: _storable(value) for name, value in sorted(facts.properties.items())},
    }
    row = {"project_id": work.project_id, **told, "updated_at": work.now}
    await upsert(work, tables.projects, row, key=("project_id",))
    work.record("changed", work.project_id)


async def tell(work: Work, project_id: str, facts: Facts) -> None:
    told: dict[str, Any] = {"country": facts.country, "region": facts.region}
    told |= {"segments": sorted(facts.segments), "properties": written(facts.properties)}
    await events.facts_set(work, project_id, told)


def read_values(
    told: Mapping[str, Told], of: Of, properties: Known, field: str
) -> dict[str, Value]:
    """Read values by the types of their properties; what is not defined is refused by its path."""
    values = {}
    for name, value in told.items():
        path = f"{field}.{name}"
        defined = properties.get((of, name))
        if defined is None:
            names = ", ".join(sorted(each for whose, each in properties if whose is of))
            raise invalid(
                path, f"must be a property that is defined for {of}: {names or 'none is'}"
            )
        values[name] = _read(path, value, defined)
    return values


def written(values: Mapping[str, Value]) -> dict[str, bool | str]:
    """Write values as they are read."""
    return {
        name: plain(value) if isinstance(value, Decimal) else value
        for name, value in sorted(values.items())
    }


def _read(path: str, value: Told, defined: Property) -> Value:
    if defined.type is ValueType.BOOLEAN:
        if not isinstance(value, bool):
            raise invalid(path, "must be true or false")
        return value
    if defined.type is ValueType.NUMBER:
        text = "" if isinstance(value, bool) else str(value)
        if not is_number(text.removeprefix("-")):
            raise invalid(path, 'must be a decimal number in quotes, such as "2.50"')
        return Decimal(text)
    if not isinstance(value, str):
        raise invalid(path, "must be a text")
    if defined.values and value not in defined.values:
        raise invalid(path, f"must be one of {', '.join(defined.values)}")
    return value


def _storable(value: Value) -> Any:
    # Beside text and truth a number is an object, so that it is read again as what it was.
    return {"number": plain(value)} if isinstance(value, Decimal) else value


def _stored(value: Any) -> Value:
    stored: Value = Decimal(value["number"]) if isinstance(value, dict) else value
    return stored
