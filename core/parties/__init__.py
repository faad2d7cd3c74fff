"""Parties: who issues invoices, and what projects want theirs to say. See README.md."""

from core.parties.finding import details, entity
from core.parties.setting import set_details, set_entity
from core.parties.writing import details as details_json
from core.parties.writing import seller as seller_json

__all__ = [
    "details",
    "details_json",
    "entity",
    "seller_json",
    "set_details",
    "set_entity",
]
