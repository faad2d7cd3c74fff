"""Entitlements: who holds which plan, and what they may therefore use. See README.md."""

from core.entitlements.counting import standings
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
from core.entitlements.model import (
    OPERATOR,
    Allowance,
    Assignment,
    Held,
    Holding,
    Version,
    generosity,
    most_generous,
)
from core.entitlements.remembering import Remembered
from core.entitlements.replacing import Move, move_all
from core.entitlements.replacing import count as count_to_move
from core.entitlements.replacing import next_projects as next_to_move
from core.entitlements.resolving import feature as find_feature
from core.entitlements.resolving import held_by
from core.entitlements.resolving import version as find_version
from core.entitlements.shapes import UpgradeGives
from core.entitlements.upgrading import gives
from core.entitlements.using import check, require

__all__ = [
    "OPERATOR",
    "Allowance",
    "Assignment",
    "Decision",
    "FeatureMissing",
    "Held",
    "Holders",
    "Holding",
    "LimitReached",
    "Move",
    "PlanHeldBySubscription",
    "PlanNotHeld",
    "QuotaExhausted",
    "Reason",
    "Remembered",
    "UpgradeGives",
    "Version",
    "assign",
    "check",
    "count_to_move",
    "find_feature",
    "find_version",
    "generosity",
    "gives",
    "held_by",
    "most_generous",
    "move_all",
    "next_to_move",
    "require",
    "standings",
    "withdraw",
]
