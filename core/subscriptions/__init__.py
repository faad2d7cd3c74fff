"""Subscriptions: who pays for which plan, from when to when. See README.md."""

from core.lifecycles import AtTrialEnd, Choice, State, Subscription, Verb
from core.subscriptions.billing import Billed, BillNotFound, of_subscription
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
from core.subscriptions.granting import Granted, granted
from core.subscriptions.keeping import find
from core.subscriptions.paying import failed, paid, suspend
from core.subscriptions.renewing import SCHEDULES, renew_subscriptions, step

PROTECTED = ("subscriptions_history",)
"""How each came to be what it is, is never changed."""

__all__ = [
    "PROTECTED",
    "SCHEDULES",
    "AtTrialEnd",
    "BillNotFound",
    "Billed",
    "Choice",
    "Ending",
    "Granted",
    "Other",
    "State",
    "Subscription",
    "Verb",
    "Wanted",
    "cancel",
    "change",
    "create",
    "failed",
    "find",
    "granted",
    "of_subscription",
    "paid",
    "pause",
    "propose",
    "propose_change",
    "reactivate",
    "renew_subscriptions",
    "resume",
    "step",
    "suspend",
]
