"""Reconciling: our books and the provider's lists, compared. See README.md."""

from core.reconciling.errors import ReconciliationNotFound
from core.reconciling.reconciling import SCHEDULES, begin, reconcile_payments, reconcile_window
from core.reconciling.reports import Difference, Reconciliation, find_report

JOBS = (reconcile_window,)

__all__ = [
    "JOBS",
    "SCHEDULES",
    "Difference",
    "Reconciliation",
    "ReconciliationNotFound",
    "begin",
    "find_report",
    "reconcile_payments",
    "reconcile_window",
]
