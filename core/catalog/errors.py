"""Why the catalog says no."""

from dataclasses import dataclass

from core.kernel.errors import EngineError, Kind


@dataclass(eq=False)
class ProductInUse(EngineError):
    """The product {product_key} has plans that are not archived: {plans}. Archive them first."""

    code = "product_in_use"
    kind = Kind.REFUSED
    product_key: str
    plans: list[str]


@dataclass(eq=False)
class PlanNotFound(EngineError):
    """There is no plan {plan_key}. Call list_plans to see which there are."""

    code = "plan_not_found"
    kind = Kind.NOT_FOUND
    plan_key: str


@dataclass(eq=False)
class PlanKeyTaken(EngineError):
    """There is a plan {plan_key} already, perhaps an archived one. Choose another key."""

    code = "plan_key_taken"
    kind = Kind.CONFLICT
    plan_key: str


@dataclass(eq=False)
class PlanArchived(EngineError):
    """The plan {plan_key} was archived. It is not sold any more, and does not change."""

    code = "plan_archived"
    kind = Kind.REFUSED
    plan_key: str


@dataclass(eq=False)
class PlanVersionNotFound(EngineError):
    """There is no plan version {version}. Call get_plan to see which versions a plan has."""

    code = "plan_version_not_found"
    kind = Kind.NOT_FOUND
    plan_key: str | None
    version: str
    """A number, an id, or what was sought: `draft`, `on sale`."""

    def __str__(self) -> str:
        of = f" of the plan {self.plan_key}" if self.plan_key else ""
        if self.version == "draft":
            return f"There is no draft{of}. Call update_plan to begin one."
        if self.version == "on sale":
            return f"No version{of} has taken effect yet. Publish one with publish_plan."
        return f"There is no version {self.version}{of}. Call get_plan to see which there are."


@dataclass(eq=False)
class PlanVersionPublished(EngineError):
    """Version {version} of the plan {plan_key} is published, and never changes.

    Call update_plan without a version: it begins the next one from it.
    """

    code = "plan_version_published"
    kind = Kind.REFUSED
    plan_key: str
    version: int


@dataclass(eq=False)
class DraftChanged(EngineError):
    """The draft of {plan_key} is at revision {revision}: somebody changed it since you read it.

    Read it with get_plan, and ask again with its revision.
    """

    code = "draft_changed"
    kind = Kind.CONFLICT
    plan_key: str
    revision: int


@dataclass(eq=False)
class PlanNotPublishable(EngineError):
    """The draft cannot be published: {summary}."""

    code = "plan_not_publishable"
    kind = Kind.REFUSED
    problems: list[dict[str, str]]
    """One `{"field": …, "problem": …}` for each thing that is wrong."""

    @property
    def summary(self) -> str:
        return "; ".join(f"{each['field']}: {each['problem']}" for each in self.problems)

    def __str__(self) -> str:
        return f"The draft cannot be published: {self.summary}."


@dataclass(eq=False)
class NoPriceInCurrency(EngineError):
    """{plan_key} has no price in {currency} now. It is sold in: {currencies}."""

    code = "no_price_in_currency"
    kind = Kind.REFUSED
    plan_key: str
    currency: str
    currencies: list[str]

    def __str__(self) -> str:
        sold = ", ".join(self.currencies) or "no currency"
        return f"{self.plan_key} has no price in {self.currency} now. It is sold in {sold}."
