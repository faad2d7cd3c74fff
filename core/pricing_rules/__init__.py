"""Rules that change prices by time, place, customer, demand and volume. See README.md."""

from core.pricing_rules.adjusting import Adjusted, Applied, PassedOver, adjust
from core.pricing_rules.context import Context, Subject
from core.pricing_rules.errors import (
    AmountBelowZero,
    FactNotYours,
    RuleArchived,
    RuleNotFound,
    RuleNotReadable,
    TooManyRules,
)
from core.pricing_rules.finding import active, pinned
from core.pricing_rules.model import Rule, Terms
from core.pricing_rules.reading import read_terms, write_terms
from core.pricing_rules.tables import PROTECTED

__all__ = [
    "PROTECTED",
    "Adjusted",
    "AmountBelowZero",
    "Applied",
    "Context",
    "FactNotYours",
    "PassedOver",
    "Rule",
    "RuleArchived",
    "RuleNotFound",
    "RuleNotReadable",
    "Subject",
    "Terms",
    "TooManyRules",
    "active",
    "adjust",
    "pinned",
    "read_terms",
    "write_terms",
]
