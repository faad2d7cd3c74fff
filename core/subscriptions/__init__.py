"""Subscriptions: who pays for which plan, from when to when. See README.md."""

from core.dues import Billed, BillNotFound, bill_of, of_subscription
from core.lifecycles import AtTrialEnd, Choice, State, Subscription, Verb
from core.selling import wallet_for
from core.subscriptions.carrying_out import carry_out
from core.subscriptions.changing import (
    Ending,
    Other,
    cancel,
    change,
    pause,
    propose_change,
    reactivate,
    resume,
)
from core.subscriptions.creating import Wanted, create, propose
from core.subscriptions.errors import (
    AlreadySubscribed,
    BilledByProvider,
    SubscriptionNotFound,
)
from core.subscriptions.granting import Granted, granted
from core.subscriptions.hearing import SUBSCRIPTIONS
from core.subscriptions.keeping import find, live
from core.subscriptions.mirroring import last_end, paid_there
from core.subscriptions.paying import failed, paid, suspend, write_off
from core.subscriptions.renewing import FALLS_DUE, SCHEDULES, facts_of, renew_subscriptions, step

__all__ = [
    "FALLS_DUE",
    "SCHEDULES",
    "SUBSCRIPTIONS",
    "AlreadySubscribed",
    "AtTrialEnd",
    "BillNotFound",
    "Billed",
    "BilledByProvider",
    "Choice",
    "Ending",
    "Granted",
    "Other",
    "State",
    "Subscription",
    "SubscriptionNotFound",
    "Verb",
    "Wanted",
    "bill_of",
    "cancel",
    "carry_out",
    "change",
    "create",
    "facts_of",
    "failed",
    "find",
    "granted",
    "last_end",
    "live",
    "of_subscription",
    "paid",
    "paid_there",
    "pause",
    "propose",
    "propose_change",
    "reactivate",
    "renew_subscriptions",
    "resume",
    "step",
    "suspend",
    "wallet_for",
    "write_off",
]
