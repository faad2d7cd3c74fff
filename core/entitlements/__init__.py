"""Entitlements: who holds which plan, and what they may therefore use. See README.md."""

from core.entitlements.deciding import Decision, Reason
from core.entitlements.errors import (
    FeatureMissing,
    LimitReached,
    PlanHeldBySubscription,
    PlanNotHeld,
    QuotaExhausted,
)
from core.entitlements.holders import Holders
from core.entitlements.holding import assign, withdraw
from core.entitlements.migrating import migrate_batch
from core.entitlements.model import OPERATOR, Assignment, Held, Holding
from core.entitlements.remembering import Remembered
from core.entitlements.resolving import held_by
from core.entitlements.using import check, require

JOBS = (migrate_batch,)

__all__ = [
    "JOBS",
    "OPERATOR",
    "Assignment",
    "Decision",
    "FeatureMissing",
    "Held",
    "Holders",
    "Holding",
    "LimitReached",
    "PlanHeldBySubscription",
    "PlanNotHeld",
    "QuotaExhausted",
    "Reason",
    "Remembered",
    "assign",
    "check",
    "held_by",
    "require",
    "withdraw",
]
