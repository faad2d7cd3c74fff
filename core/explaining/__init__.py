"""Explaining: where every booked amount came from, computed anew. See README.md."""

from core.explaining.booked import Booked, Posting, find_booked
from core.explaining.causes import explain
from core.explaining.explained import Explained, UsedEvent

__all__ = ["Booked", "Explained", "Posting", "UsedEvent", "explain", "find_booked"]
