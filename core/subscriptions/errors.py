"""Why a subscription is refused, or a change of one. Nothing was changed then."""

from dataclasses import dataclass

from core.kernel.errors import EngineError, Kind


@dataclass(eq=False)
class SubscriptionNotFound(EngineError):
    """There is no subscription {subscription_id}. Call list_subscriptions to see them."""

    code = "subscription_not_found"
    kind = Kind.NOT_FOUND
    subscription_id: str


@dataclass(eq=False)
class AlreadySubscribed(EngineError):
    """The project has a subscription of {product_key} already. Change that one with change_plan."""

    code = "already_subscribed"
    kind = Kind.CONFLICT
    product_key: str
    subscription_id: str | None
    """The one it has; null when it was made this very moment."""


@dataclass(eq=False)
class SubscriptionChanged(EngineError):
    """{subscription_id} is at revision {revision}: somebody changed it since you read it.

    Read it with get_subscription, and ask again with its revision.
    """

    code = "subscription_changed"
    kind = Kind.CONFLICT
    subscription_id: str
    revision: int


@dataclass(eq=False)
class PlanOfAnotherProduct(EngineError):
    """{plan_key} is a plan of {product_key}, and the subscription one of {subscribed}.

    Create a subscription of that product instead.
    """

    code = "plan_of_another_product"
    kind = Kind.REFUSED
    plan_key: str
    product_key: str
    subscribed: str


@dataclass(eq=False)
class MethodRequired(EngineError):
    """The trial needs a way to pay. Keep one with create_payment_method_setup, and ask again."""

    code = "payment_method_required"
    kind = Kind.REFUSED
    plan_key: str


@dataclass(eq=False)
class BilledByProvider(EngineError):
    """{subscription_id} is billed by the payment provider, where it is called {provider_id}.

    Change it there, in the provider's portal or dashboard: it is followed here within seconds.
    """

    code = "billed_by_provider"
    kind = Kind.REFUSED
    subscription_id: str
    provider_id: str


@dataclass(eq=False)
class TermsOfOperators(EngineError):
    """Only platform operators set {field}. Leave it out."""

    code = "terms_of_operators"
    kind = Kind.FORBIDDEN
    field: str
