"""The proof of usage: recomputed, by code that shares nothing with what wrote it."""

from core.metering_proof.recorded import PROTECTED, prove

__all__ = ["PROTECTED", "prove"]
