"""A rule: what it is for, when it holds, what it does, and since when. Frozen values."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import Field

from core.pricing_rules.adjustments import Adjustment
from core.pricing_rules.conditions import Condition
from core.pricing_rules.context import Subject
from core.pricing_rules.written import Part, Word, wrong

PRIORITY_DEFAULT = 100
PRIORITY_MAX = 1_000_000

Words = Annotated[tuple[Word, ...], Field(min_length=1, max_length=100)]


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliesTo(Part):
    """Whatever is charged for these; what is left out narrows nothing down."""

    plans: Words | None = None
    products: Words | None = None
    items: Words | None = None
    meters: Words | None = None

    def lacks(self, subject: Subject) -> tuple[str, str] | None:
        """Say by which field the subject is not meant, and why; None where it is."""
        asked = (
            ("plans", self.plans, subject.plan_key),
            ("products", self.products, subject.product_key),
            ("items", self.items, subject.item_key),
            ("meters", self.meters, subject.meter_key),
        )
        for field, keys, key in asked:
            if keys is not None and key not in keys:
                return f"applies_to.{field}", f"it is for {', '.join(keys)}"
        return None


EVERYTHING = AppliesTo()


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms(Part):
    """What one version of a rule says. Rules apply by priority, the lowest first, then by key."""

    priority: Annotated[int, Field(ge=0, le=PRIORITY_MAX)] = PRIORITY_DEFAULT
    applies_to: AppliesTo = EVERYTHING
    when: Condition | None = None
    adjust: Adjustment
    stops: bool = False
    """Where it applies, no later rule does, but for what is kept to overall."""

    def __post_init__(self) -> None:
        if self.stops and self.adjust.kind == "overall":
            raise wrong("stops", "must be false: what is kept to overall comes after every rule")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One version of a rule, which never changes."""

    key: str
    name: str
    version: int
    terms: Terms
    effective_at: datetime
    ends_at: datetime | None = None

    @property
    def order(self) -> tuple[int, str, int]:
        return self.terms.priority, self.key, self.version

    @property
    def reference(self) -> str:
        """Name this version for ever: `happy-hour@3`."""
        return f"{self.key}@{self.version}"
