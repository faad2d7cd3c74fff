"""What subscriptions tell: each change once for whoever listens, and once for the trail."""

from typing import Any

from core import audit, messaging
from core.db.work import Work
from core.lifecycles import Decided, Subscription, Verb

PAID = "subscription.paid"
WRITTEN_OFF = "subscription.written_off"
TOLD = {
    Verb.CREATE: "subscription.created",
    Verb.ACTIVATE: "subscription.activated",
    Verb.START_TRIAL: "subscription.trial_started",
    Verb.CONVERT: "subscription.trial_converted",
    Verb.RENEW: "subscription.renewed",
    Verb.CHANGE: "subscription.changed",
    Verb.SCHEDULE: "subscription.scheduled",
    Verb.FAIL: "subscription.past_due",
    Verb.RECOVER: "subscription.recovered",
    Verb.SUSPEND: "subscription.suspended",
    Verb.PAUSE: "subscription.paused",
    Verb.RESUME: "subscription.resumed",
    Verb.CANCEL: "subscription.canceled",
    Verb.EXPIRE: "subscription.expired",
    Verb.REACTIVATE: "subscription.reactivated",
    Verb.REOPEN: "subscription.reopened",
    Verb.NOTICE: "subscription.trial_will_end",
    Verb.FOLLOW: "subscription.followed",
}


def facts_of(subscription: Subscription) -> dict[str, Any]:
    """Say what it is now, as events and the trail do."""
    choice, ends_at = subscription.choice, subscription.cancel_at
    trial = subscription.trial_ends_at
    return {
        "product_key": subscription.product_key,
        "plan_key": choice.plan_key,
        "plan_version": choice.plan_version,
        "quantities": dict(choice.quantities),
        "state": str(subscription.state),
        "revision": subscription.revision,
        "period_start_at": subscription.period_start_at.isoformat(),
        "period_end_at": subscription.period_end_at.isoformat(),
        "trial_ends_at": trial.isoformat() if trial else None,
        "cancel_at": ends_at.isoformat() if ends_at else None,
    }


async def tell(work: Work, before: Subscription | None, decided: Decided) -> None:
    """Publish what happened, and note it in the trail."""
    after = decided.after
    told = facts_of(after) | {
        "from_state": str(before.state) if before else None,
        "effective_at": after.updated_at.isoformat(),
        "why": decided.why,
        **decided.told,
    }
    happened = TOLD[decided.verb]
    work.record("told", after.id)
    await messaging.publish(work, happened, after.id, told)
    await audit.record(work, happened, after.id, **told)
