"""What the SDK raises, in our words. Nothing of a request, and no key, is ever in them."""

import math
import re
from collections.abc import Mapping
from typing import Any

import stripe

from core.kernel.errors import EngineError
from core.payments import (
    PaymentDeclined,
    ProviderFailed,
    ProviderKeyRefused,
    ProviderKeyReused,
    ProviderObjectMissing,
    ProviderRefused,
    ProviderUnavailable,
)

RETRY_SECONDS_MAX = 300
_NO_SUCH = re.compile(r"^No such [\w .]+: '(?P<id>[^']{1,255})'")
REASON_MAX = 500
_LATER = {409, 429}
"""Another call holds the object or the key; there were too many calls."""


def refusal(error: stripe.StripeError) -> EngineError:
    """Return what to raise for an error of the SDK that is not worth another try now."""
    if isinstance(error, stripe.AuthenticationError | stripe.PermissionError):
        return ProviderKeyRefused()  # its message holds a part of the key
    if isinstance(error, stripe.IdempotencyError):
        return ProviderKeyReused()
    told, status = _told(error), error.http_status or 0
    if isinstance(error, stripe.CardError):
        return _declined(error, told)
    if told and 400 <= status < 500 and status not in _LATER:
        return _missing(told) if error.code == "resource_missing" else _refused(error, told)
    return _unavailable(error, told, status)


def _unavailable(
    error: stripe.StripeError, told: Mapping[str, Any], status: int
) -> ProviderUnavailable:
    if told and status >= 500:
        # Stripe itself failed, and keeps that answer for the key.
        return ProviderFailed()
    # No answer, one to come for later, or one that cannot be read: by something in between.
    seconds = retry_after(error)
    return ProviderUnavailable(math.ceil(seconds)) if seconds else ProviderUnavailable()


def retry_after(error: stripe.StripeError) -> float | None:
    """Return after how many seconds Stripe wants to be asked again, if it says so."""
    said = {name.lower(): value for name, value in (error.headers or {}).items()}
    try:
        seconds = float(said["retry-after"])
    except (KeyError, ValueError):
        return None
    return min(seconds, RETRY_SECONDS_MAX) if seconds >= 0 else None


def _told(error: stripe.StripeError) -> Mapping[str, Any]:
    body = error.json_body
    told = body.get("error") if isinstance(body, Mapping) else None
    return told if isinstance(told, Mapping) else {}


def _declined(error: stripe.CardError, told: Mapping[str, Any]) -> PaymentDeclined:
    payment = told.get("payment_intent")
    method = told.get("payment_method")
    return PaymentDeclined(
        reason=_reason(told),
        provider_code=_text(error.code) or "card_declined",
        decline_code=_text(told.get("decline_code")),
        payment_id=_text(payment.get("id")) if isinstance(payment, Mapping) else None,
        method_id=_text(method.get("id")) if isinstance(method, Mapping) else None,
    )


def _refused(error: stripe.StripeError, told: Mapping[str, Any]) -> ProviderRefused:
    return ProviderRefused(
        reason=_reason(told),
        provider_code=_text(error.code) or _text(told.get("type")),
        param=_text(told.get("param")) or "the request",
    )


def _missing(told: Mapping[str, Any]) -> ProviderObjectMissing:
    found = _NO_SUCH.match(_reason(told))
    return ProviderObjectMissing(
        found["id"] if found else "such object", param=_text(told.get("param"))
    )


def _reason(told: Mapping[str, Any]) -> str:
    return (_text(told.get("message")) or "It gave no reason.")[:REASON_MAX]


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
