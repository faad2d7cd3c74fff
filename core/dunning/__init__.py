"""Dunning: what is done by itself about an invoice whose payment failed. See README.md."""

from core.campaigns import Afterwards, AtEnd, Banner, Campaign, Kind, Notice, Step, Tone, plan
from core.dunning import renewing, taking
from core.dunning.errors import CardLinkNotGood, DunningRunNotFound, DunningRunOver
from core.dunning.hearing import SUBSCRIPTIONS as _HEARD
from core.dunning.keeping import of_invoice as run_of
from core.dunning.links import CANCELED, DONE, ROUTE
from core.dunning.proof import PROTECTED, prove
from core.dunning.renewing import tell_of_renewals
from core.dunning.taking import take, take_dunning_steps

FALLS_DUE = (taking.FALLS_DUE, renewing.FALLS_DUE)
SCHEDULES = (taking.SCHEDULE, renewing.SCHEDULE)
SUBSCRIPTIONS = (*_HEARD, renewing.SUBSCRIPTION)

__all__ = [
    "CANCELED",
    "DONE",
    "FALLS_DUE",
    "PROTECTED",
    "ROUTE",
    "SCHEDULES",
    "SUBSCRIPTIONS",
    "Afterwards",
    "AtEnd",
    "Banner",
    "Campaign",
    "CardLinkNotGood",
    "DunningRunNotFound",
    "DunningRunOver",
    "Kind",
    "Notice",
    "Step",
    "Tone",
    "plan",
    "prove",
    "run_of",
    "take",
    "take_dunning_steps",
    "tell_of_renewals",
]
