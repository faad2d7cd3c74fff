"""Taxing: which taxes are on a sale, and what they come to. See README.md."""

from core.taxing.applying import Taxable, TaxedLine, TaxPart, apply, summed
from core.taxing.calculating import Buyer, Decision, Sale, Seller, TaxCalculator, Treatment
from core.taxing.fixed import FixedRates, Rule
from core.taxing.rates import PER_LINE, Behaviour, Policy, Rate, TaxOn
from core.taxing.vat_ids import MEMBER_STATES, member_state_of, normalized, problem_of

__all__ = [
    "MEMBER_STATES",
    "PER_LINE",
    "Behaviour",
    "Buyer",
    "Decision",
    "FixedRates",
    "Policy",
    "Rate",
    "Rule",
    "Sale",
    "Seller",
    "TaxCalculator",
    "TaxOn",
    "TaxPart",
    "Taxable",
    "TaxedLine",
    "Treatment",
    "apply",
    "member_state_of",
    "normalized",
    "problem_of",
    "summed",
]
