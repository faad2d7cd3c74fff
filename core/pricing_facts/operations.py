"""What operators can say of customers, so that prices may go by it."""

from typing import Any

from core import projects
from core.db.work import Work
from core.kernel.caller import PlatformRole
from core.operations.errors import invalid
from core.operations.operation import Effect, Example, operation
from core.operations.scopes import Toolset
from core.pricing_facts import facts as facts_kept
from core.pricing_facts import properties
from core.pricing_facts.errors import PropertyTaken
from core.pricing_facts.facts import read_values, written
from core.pricing_facts.model import Facts, Of, Property, ValueType, countries
from core.pricing_facts.shapes import (
    DefinePricingProperty,
    ListPricingProperties,
    NamedFacts,
    PricingFactsView,
    PricingPropertyList,
    PricingPropertyView,
    SetPricingFacts,
)


@operation(
    "PUT /v1/pricing-properties/{of}/{property}",
    title="Define pricing property",
    toolset=Toolset.CATALOG,
    effect=Effect.CHANGE,
    platform=PlatformRole.OPERATOR,
    raises=(PropertyTaken,),
    examples=(
        Example(
            title="Which tier a customer is in",
            arguments={
                "of": "project",
                "property": "tier",
                "type": "text",
                "values": ["gold", "silver"],
            },
        ),
    ),
)
async def define_pricing_property(
    work: Work, request: DefinePricingProperty
) -> PricingPropertyView:
    """Define what rules may ask for. Platform operators only.

    Sent again, it may say more values or another description; the type stays, and so does every
    value. A rule that asks for what is not defined is refused.
    """
    if request.values and request.type != "text":
        raise invalid("values", "must be left out, because they are for texts")
    defined = Property(
        of=Of(request.of),
        name=request.property,
        type=ValueType(request.type),
        description=request.description,
        values=tuple(dict.fromkeys(request.values or ())),
        created_at=work.now,
    )
    return property_view(await properties.define(work, defined))


@operation(
    "GET /v1/pricing-properties",
    title="List pricing properties",
    toolset=Toolset.CATALOG,
    effect=Effect.READ,
    platform=PlatformRole.AUDITOR,
    examples=(Example(title="All of them", arguments={}),),
)
async def list_pricing_properties(
    work: Work, request: ListPricingProperties
) -> PricingPropertyList:
    """List the properties that rules may ask for: of a project, or of usage. Staff only."""
    found = await properties.list_all(work)
    return PricingPropertyList(items=[property_view(each) for each in found])


@operation(
    "PATCH /v1/projects/{project_id}/pricing-facts",
    title="Record pricing facts",
    toolset=Toolset.CATALOG,
    effect=Effect.CHANGE,
    platform=PlatformRole.OPERATOR,
    raises=(projects.ProjectNotFound,),
    examples=(
        Example(
            title="A school in California",
            arguments={
                "project_id": "prj_01jd3x8k5vq2m7r9t4w6y0z1ab",
                "country": "US",
                "region": "US-CA",
                "segments": ["edu"],
            },
        ),
    ),
)
async def record_pricing_facts(work: Work, request: SetPricingFacts) -> PricingFactsView:
    """Say where a project is, which labels it has, and its properties. Platform operators only.

    Rules go by this and not by what the project says; the project does not see it. Fields that
    are left out stay, null takes away, and a list or an object replaces the one before.
    """
    # As the platform, not within the project, whose own people read the trail of what is.
    about = work.within(await projects.find_project(work, request.project_id, None))
    sent, before = request.model_fields_set, await facts_kept.facts_of(about)
    told: dict[str, Any] = {"country": before.country, "region": before.region}
    told |= {name: getattr(request, name) for name in ("country", "region") if name in sent}
    if told["country"] is not None and told["country"] not in countries():
        raise invalid("country", "must be a country of ISO 3166-1, as in DE or US")
    segments = frozenset(request.segments or ()) if "segments" in sent else before.segments
    values = before.properties
    if "properties" in sent:
        known = await properties.all_known(work)
        values = read_values(request.properties or {}, Of.PROJECT, known, "properties")
    facts = Facts(**told, segments=segments, properties=values, updated_at=work.now)
    await facts_kept.write(about, facts)
    await facts_kept.tell(work, request.project_id, facts)
    return facts_view(request.project_id, facts)


@operation(
    "GET /v1/projects/{project_id}/pricing-facts",
    title="Get pricing facts",
    toolset=Toolset.CATALOG,
    effect=Effect.READ,
    platform=PlatformRole.AUDITOR,
    raises=(projects.ProjectNotFound,),
    examples=(
        Example(title="Of one project", arguments={"project_id": "prj_01jd3x8k5vq2m7r9t4w6y0z1ab"}),
    ),
)
async def get_pricing_facts(work: Work, request: NamedFacts) -> PricingFactsView:
    """Return what rules go by for a project: its place, labels and properties. Staff only."""
    about = work.within(await projects.find_project(work, request.project_id, None))
    return facts_view(request.project_id, await facts_kept.facts_of(about))


def property_view(told: Property) -> PricingPropertyView:
    return PricingPropertyView(
        of=told.of.value,
        property=told.name,
        type=told.type.value,
        values=[*told.values],
        description=told.description,
        created_at=told.created_at,
    )


def facts_view(project_id: str, facts: Facts) -> PricingFactsView:
    return PricingFactsView(
        project_id=project_id,
        country=facts.country,
        region=facts.region,
        segments=sorted(facts.segments),
        properties=written(facts.properties),
        updated_at=facts.updated_at,
    )


OPERATIONS = (
    define_pricing_property,
    list_pricing_properties,
    record_pricing_facts,
    get_pricing_facts,
)
