"""The operator's word about customers, which prices may go by. See README.md."""

from core.pricing_facts.errors import PropertyTaken
from core.pricing_facts.facts import facts_of, read_values, written
from core.pricing_facts.model import (
    Facts,
    Known,
    Of,
    Property,
    Value,
    Values,
    ValueType,
    countries,
    known,
    plain,
)
from core.pricing_facts.properties import all_known

__all__ = [
    "Facts",
    "Known",
    "Of",
    "Property",
    "PropertyTaken",
    "Value",
    "ValueType",
    "Values",
    "all_known",
    "countries",
    "facts_of",
    "known",
    "plain",
    "read_values",
    "written",
]
