"""The shelf: published plans at the payment provider. See README.md."""

from core.shelving.checking import SCHEDULES, check_plan_sync
from core.shelving.errors import PlanNotPublished
from core.shelving.finding import price_by_external as price_called
from core.shelving.hearing import (
    SUBSCRIPTION,
    plan_takes_effect,
    price_changed,
    product_changed,
)
from core.shelving.syncing import EVENT_NAMES, sync_plan

JOBS = (sync_plan, check_plan_sync, plan_takes_effect)

__all__ = [
    "EVENT_NAMES",
    "JOBS",
    "SCHEDULES",
    "SUBSCRIPTION",
    "PlanNotPublished",
    "check_plan_sync",
    "plan_takes_effect",
    "price_called",
    "price_changed",
    "product_changed",
    "sync_plan",
]
