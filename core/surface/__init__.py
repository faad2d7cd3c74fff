"""The surface: every operation, job and proof of the engine, each in one list. See README.md."""

from core.surface.consuming import SUBSCRIPTIONS
from core.surface.falling_due import FALLING_DUE
from core.surface.hearing import HANDLERS
from core.surface.jobs import JOBS, SCHEDULES, TRAILS
from core.surface.knowing import knowledge
from core.surface.operations import OPERATIONS
from core.surface.proving import PROTECTED, SECONDS_MAX, prove

__all__ = [
    "FALLING_DUE",
    "HANDLERS",
    "JOBS",
    "OPERATIONS",
    "PROTECTED",
    "SCHEDULES",
    "SECONDS_MAX",
    "SUBSCRIPTIONS",
    "TRAILS",
    "knowledge",
    "prove",
]
