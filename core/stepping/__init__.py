"""In step with a provider that bills subscriptions by itself. See README.md."""

from core.stepping.gateway import BillingProvider
from core.stepping.provided import (
    ProviderInvoice,
    ProviderItem,
    ProviderLine,
    ProviderSettlement,
    ProviderSubscription,
)

__all__ = [
    "BillingProvider",
    "ProviderInvoice",
    "ProviderItem",
    "ProviderLine",
    "ProviderSettlement",
    "ProviderSubscription",
]
