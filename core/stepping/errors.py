"""Why something of the provider's is not mirrored here. Nothing was changed then."""

from dataclasses import dataclass

from core.kernel.errors import EngineError, Kind


@dataclass(eq=False)
class Unmatched(EngineError):
    """{provider_id} cannot be mirrored: {reason}."""

    code = "provider_subscription_unmatched"
    kind = Kind.REFUSED
    provider_id: str
    problem: str
    reason: str


@dataclass(eq=False)
class ProviderSubscriptionNotFound(EngineError):
    """Nobody has told of a subscription {provider_id} at the provider.

    Call list_provider_subscriptions to see which there are.
    """

    code = "provider_subscription_not_found"
    kind = Kind.NOT_FOUND
    provider_id: str
