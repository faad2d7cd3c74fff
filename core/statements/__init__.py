"""Statements: what the ledger tells whoever asks. It reads, and never writes. See README.md."""

from core.statements.lines import Line, known, statement, taken
from core.statements.listing import GrantState, Lot, find_hold, list_grants, list_holds
from core.statements.sums import Sum, sums, transaction_after

__all__ = [
    "GrantState",
    "Line",
    "Lot",
    "Sum",
    "find_hold",
    "known",
    "list_grants",
    "list_holds",
    "statement",
    "sums",
    "taken",
    "transaction_after",
]
