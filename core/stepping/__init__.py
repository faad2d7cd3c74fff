"""In step with a provider that bills subscriptions by itself. See README.md."""

from core.stepping import earning, looking
from core.stepping.earning import FALLS_DUE, SUBSCRIPTION, earn_provider_invoices
from core.stepping.errors import ProviderSubscriptionNotFound, Unmatched
from core.stepping.following import follow_invoice, follow_subscription
from core.stepping.gateway import BillingProvider
from core.stepping.hearing import HANDLERS
from core.stepping.looking import apply_provider_subscription, look_at_provider_subscriptions
from core.stepping.model import STATES, Problem
from core.stepping.proof import prove
from core.stepping.provided import (
    ProviderInvoice,
    ProviderItem,
    ProviderLine,
    ProviderSettlement,
    ProviderSubscription,
)

SCHEDULES = (*earning.SCHEDULES, *looking.SCHEDULES)
JOBS = looking.JOBS

__all__ = [
    "FALLS_DUE",
    "HANDLERS",
    "JOBS",
    "SCHEDULES",
    "STATES",
    "SUBSCRIPTION",
    "BillingProvider",
    "Problem",
    "ProviderInvoice",
    "ProviderItem",
    "ProviderLine",
    "ProviderSettlement",
    "ProviderSubscription",
    "ProviderSubscriptionNotFound",
    "Unmatched",
    "apply_provider_subscription",
    "earn_provider_invoices",
    "follow_invoice",
    "follow_subscription",
    "look_at_provider_subscriptions",
    "prove",
]
