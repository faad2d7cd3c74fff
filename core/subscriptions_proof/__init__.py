"""The proof of subscriptions: added up anew, by code that shares nothing with what bills."""

from core.subscriptions_proof.proving import PROTECTED, prove

__all__ = ["PROTECTED", "prove"]
