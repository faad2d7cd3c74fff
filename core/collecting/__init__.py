"""Collecting: money for invoices, through the payment provider. See README.md."""

from core.collecting.beginning import collect
from core.collecting.errors import CollectionUnderWay
from core.collecting.hearing import SUBSCRIPTION
from core.collecting.model import Attempt, State
from core.collecting.paying import collect_invoice
from core.collecting.proof import prove

JOBS = (collect_invoice,)

__all__ = [
    "JOBS",
    "SUBSCRIPTION",
    "Attempt",
    "CollectionUnderWay",
    "State",
    "collect",
    "collect_invoice",
    "prove",
]
