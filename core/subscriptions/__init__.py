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
from core.subscriptions.hearing import SUBSCRIPTION
from core.subscriptions.keeping import find
from core.subscriptions.paying import failed, paid, suspend
from core.subscriptions.proof import PROTECTED, prove
from core.subscriptions.renewing import FALLS_DUE, SCHEDULES, renew_subscriptions, step

__all__ = [
    "FALLS_DUE",
    "PROTECTED",
    "SCHEDULES",
    "SUBSCRIPTION",
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
    "prove",
    "reactivate",
    "renew_subscriptions",
    "resume",
    "step",
    "suspend",
]
