"""Why a feature may not be used, and why a plan cannot be assigned or withdrawn."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.kernel.errors import EngineError, Kind


@dataclass(eq=False)
class FeatureMissing(EngineError):
    """This project may not use {feature_key}: {reason}."""

    code = "feature_missing"
    kind = Kind.FORBIDDEN
    feature_key: str
    reason: str
    upgrade: Mapping[str, Any] | None
    """The cheapest plan of the product line that would allow it; None where there is none."""

    def __str__(self) -> str:
        reason = self.reason.replace("_", " ")
        return f"This project may not use {self.feature_key}: {reason}.{hint(self.upgrade)}"


@dataclass(eq=False)
class LimitReached(EngineError):
    """{feature_key} is limited to {limit}. Waiting does not help."""

    code = "limit_reached"
    kind = Kind.FORBIDDEN
    feature_key: str
    limit: str
    used: str | None
    """What was used or asked for, as far as it is known."""
    upgrade: Mapping[str, Any] | None

    def __str__(self) -> str:
        said = f"{self.feature_key} is limited to {self.limit}, and waiting does not help."
        return said + hint(self.upgrade)


@dataclass(eq=False)
class QuotaExhausted(EngineError):
    """{used} of {limit} of {feature_key} are used. It begins anew at {retry_at}."""

    code = "quota_exhausted"
    kind = Kind.LIMITED
    feature_key: str
    used: str
    limit: str
    retry_at: datetime
    retry_after: int
    """Seconds until then."""
    upgrade: Mapping[str, Any] | None

    def __str__(self) -> str:
        said = f"{self.used} of {self.limit} of {self.feature_key} are used."
        return f"{said} It begins anew at {self.retry_at.isoformat()}.{hint(self.upgrade)}"


def hint(upgrade: Mapping[str, Any] | None) -> str:
    return f" The plan {upgrade['plan_key']} would allow it." if upgrade else ""


@dataclass(eq=False)
class FeatureNotMetered(EngineError):
    """{feature_key} is a {feature_kind}, and only quotas are used up. Ask check_entitlement."""

    code = "feature_not_metered"
    kind = Kind.INVALID
    feature_key: str
    feature_kind: str


@dataclass(eq=False)
class PlanNotHeld(EngineError):
    """The project holds no plan of the product {product_key}. See list_plan_assignments."""

    code = "plan_not_held"
    kind = Kind.NOT_FOUND
    product_key: str


@dataclass(eq=False)
class PlanHeldBySubscription(EngineError):
    """The plan of {product_key} is held by {source}. Change or cancel that instead."""

    code = "plan_held_by_subscription"
    kind = Kind.CONFLICT
    product_key: str
    source: str


@dataclass(eq=False)
class OverrideNotFound(EngineError):
    """There is no override of {feature_key} for this project."""

    code = "override_not_found"
    kind = Kind.NOT_FOUND
    feature_key: str
