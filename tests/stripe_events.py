"""Events as Stripe tells them, and signatures as Stripe makes them, without Stripe's own code."""

import hashlib
import hmac
from datetime import datetime
from typing import Any

from tests.world import START


def paid(event_id: str, *, about: str = "pi_1", seconds: int = 0, **fields: Any) -> dict[str, Any]:
    """Tell that a payment succeeded, so many seconds after the world began."""
    intent = {"id": about, "object": "payment_intent", "status": "succeeded", "amount": 500}
    return snapshot(event_id, "payment_intent.succeeded", intent | fields, seconds=seconds)


def snapshot(
    event_id: str, kind: str, about: dict[str, Any], *, seconds: int = 0
) -> dict[str, Any]:
    return {
        "id": event_id,
        "object": "event",
        "api_version": "2026-10-28.endive",
        "created": int(START.timestamp()) + seconds,
        "data": {"object": about},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": kind,
    }


def thin(event_id: str, about: str = "mtr_1") -> dict[str, Any]:
    """Tell that usage of a meter was refused: the one thing that is only ever told so."""
    return {
        "id": event_id,
        "object": "v2.core.event",
        "created": START.isoformat().replace("+00:00", "Z"),
        "livemode": False,
        "related_object": {"id": about, "type": "billing.meter", "url": f"/v1/meters/{about}"},
        "type": "v1.billing.meter.error_report_triggered",
    }


def signature(body: bytes, secret: str, at: datetime = START) -> str:
    """Sign as https://docs.stripe.com/webhooks#verify-manually describes it."""
    seconds = int(at.timestamp())
    signed = hmac.new(secret.encode(), b"%d.%s" % (seconds, body), hashlib.sha256).hexdigest()
    return f"t={seconds},v1={signed}"
