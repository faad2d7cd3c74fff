"""Why the shelf says no."""

from dataclasses import dataclass

from core.kernel.errors import EngineError, Kind


@dataclass(eq=False)
class PlanNotPublished(EngineError):
    """The plan {plan_key} has no published version, so the payment provider knows nothing of it.

    Call publish_plan first.
    """

    code = "plan_not_published"
    kind = Kind.REFUSED
    plan_key: str
