"""Subscriptions: who pays for which plan, from when to when. See README.md."""

from core.dues import Billed, BillNotFound, bill_of, of_subscription
from core.lifecycles import AtTrialEnd, Choice, State, Subscription, Verb
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
from core.subscriptions.hearing import SUBSCRIPTIONS
from core.subscriptions.keeping import find
from core.subscriptions.paying import failed, paid, suspend, write_off
from core.subscriptions.renewing import FALLS_DUE, SCHEDULES, renew_subscriptions, step

__all__ = [
    "FALLS_DUE",
    "SCHEDULES",
    "SUBSCRIPTIONS",
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
    "bill_of",
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
    "write_off",
]
