"""Statements: what the ledger tells whoever asks. It reads, and never writes. See README.md."""

from core.statements.lines import Line, known, statement, taken
from core.statements.listing import GrantState, Lot, find_hold, list_grants, list_holds

__all__ = [
    "GrantState",
    "Line",
    "Lot",
    "find_hold",
    "known",
    "list_grants",
    "list_holds",
    "statement",
    "taken",
]
