"""The proof of what was invoiced: added up anew, by code that shares nothing with what issues."""

from core.invoicing_proof.proving import PROTECTED, prove

__all__ = ["PROTECTED", "prove"]
