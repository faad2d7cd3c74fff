"""The proof of the ledger's books: recomputed, by code that shares nothing with what wrote them."""

from core.ledger_proof.books import PROTECTED, TRAIL, prove

__all__ = ["PROTECTED", "TRAIL", "prove"]
