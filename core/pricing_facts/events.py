"""What the trail keeps of what was said. Nobody else is told: it is the operator's own."""

from typing import Any

from core import audit
from core.db.work import Work
from core.pricing_facts.model import Property

PROPERTY_DEFINED = "pricing_property.defined"
FACTS_SET = "pricing_facts.set"


async def property_defined(work: Work, defined: Property) -> None:
    told = {"of": str(defined.of), "type": str(defined.type), "values": [*defined.values]}
    await audit.record(work, PROPERTY_DEFINED, defined.name, **told)


async def facts_set(work: Work, project_id: str, told: dict[str, Any]) -> None:
    """Note it in the platform's own trail: the project reads its own, and is not told."""
    await audit.record(work, FACTS_SET, project_id, **told)
