"""What is sent to the operations on facts, and what they answer."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from core.operations.fields import Code, Line, ProjectId, PropertyName
from core.operations.operation import Request, Result

Description = Annotated[str, Line(500)]
PropertyTold = bool | int | Annotated[str, Line(200)]
Properties = Annotated[dict[PropertyName, PropertyTold], Field(max_length=50)]
Segments = Annotated[list[Code], Field(max_length=50)]
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$", examples=["DE"])]
Region = Annotated[str, Field(pattern=r"^[A-Z]{2}-[A-Z0-9]{1,3}$", examples=["US-CA"])]
Whose = Literal["project", "usage"]


class DefinePricingProperty(Request):
    of: Whose = Field(
        description="project: what you say of a customer by record_pricing_facts. usage: what usage"
        " is recorded with, by the customer.",
        examples=["project"],
    )
    property: PropertyName = Field(examples=["tier"])
    type: Literal["text", "number", "boolean"]
    values: Annotated[list[Annotated[str, Line(200)]], Field(max_length=100)] | None = Field(
        None, description="What a text may be. Left out: anything."
    )
    description: Description | None = None


class PricingPropertyView(Result):
    of: Whose
    property: str
    type: Literal["text", "number", "boolean"]
    values: list[str]
    description: str | None
    created_at: datetime


class ListPricingProperties(Request):
    """There are few, and all are told."""


class PricingPropertyList(Result):
    items: list[PricingPropertyView]


class NamedFacts(Request):
    project_id: ProjectId


class SetPricingFacts(NamedFacts):
    country: Country | None = Field(None, description="ISO 3166-1. Null where it is not known.")
    region: Region | None = Field(None, description="ISO 3166-2.")
    segments: Segments | None = Field(None, description="All its labels, as in edu. Null: none.")
    properties: Properties | None = Field(
        None, description="All its properties, as define_pricing_property knows them."
    )


class PricingFactsView(Result):
    project_id: str
    country: str | None
    region: str | None
    segments: list[str]
    properties: dict[str, bool | str]
    updated_at: datetime | None
    """Null where nothing was said yet."""
