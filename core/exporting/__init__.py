"""Exporting: usage copied to the payment provider's meters, where wanted. See README.md."""

from core.exporting.finding import event_names
from core.exporting.hearing import HANDLERS
from core.exporting.jobs import JOBS, SCHEDULES, forget_old

__all__ = ["HANDLERS", "JOBS", "SCHEDULES", "event_names", "forget_old"]
