"""Packages: products that are sold together. See README.md."""

from core.packages.choosing import Choice, Chosen, choose
from core.packages.costing import Cost, PartCost, cost
from core.packages.errors import (
    ChoiceRefused,
    PackageArchived,
    PackageNotFound,
    PackageNotPriced,
)
from core.packages.finding import choose_book, find, for_sale
from core.packages.model import Package, Part, Terms
from core.packages.tables import PROTECTED

__all__ = [
    "PROTECTED",
    "Choice",
    "ChoiceRefused",
    "Chosen",
    "Cost",
    "Package",
    "PackageArchived",
    "PackageNotFound",
    "PackageNotPriced",
    "Part",
    "PartCost",
    "Terms",
    "choose",
    "choose_book",
    "cost",
    "find",
    "for_sale",
]
