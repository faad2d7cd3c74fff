"""Payers: each project as the provider's customer, and what it pays with. See README.md."""

from core.payers.charging import Answer, Charge, Verdict, charge, method_for, verdict_of
from core.payers.customers import (
    CustomerRecord,
    customer_of,
    find_customer,
    forget_customer,
    need_customer,
)
from core.payers.errors import MethodNotFound
from core.payers.hearing import HANDLERS
from core.payers.jobs import JOBS, refresh_methods
from core.payers.methods import MethodRecord, find_method, keep_method, kept_methods
from core.payers.wishing import want_default

__all__ = [
    "HANDLERS",
    "JOBS",
    "Answer",
    "Charge",
    "CustomerRecord",
    "MethodNotFound",
    "MethodRecord",
    "Verdict",
    "charge",
    "customer_of",
    "find_customer",
    "find_method",
    "forget_customer",
    "keep_method",
    "kept_methods",
    "method_for",
    "need_customer",
    "refresh_methods",
    "verdict_of",
    "want_default",
]
