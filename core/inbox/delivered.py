"""Read what a provider delivered: who speaks is known by then, what is said is not. Pure."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn

import orjson

from core.inbox.errors import DeliveryRefused
from core.inbox.model import STRIPE, Delivery, Endpoint
from core.kernel import cards

TEXT_MAX = 255
VERSION_MAX = 64
DEPTH_MAX = 40
SNAPSHOT, THIN = "event", "v2.core.event"
KINDS = {
    Endpoint.SNAPSHOT: {SNAPSHOT},
    Endpoint.THIN: {THIN},
    Endpoint.FETCHED: {SNAPSHOT, THIN},
}
REDACTED = "[redacted]"
_SECRET_ENDINGS = ("secret", "password", "_token", "cvc")


def read_body(body: bytes, endpoint: Endpoint) -> Delivery:
    """Read a body whose signature is good. Raises DeliveryRefused for what is no event."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise DeliveryRefused("not_utf8") from None
    return read_event(_parsed(text), endpoint)


def read_event(payload: object, endpoint: Endpoint) -> Delivery:
    """Read an event of Stripe's, pushed or fetched, without its secrets.

    A snapshot and a thin event are told apart by what they say they are; an endpoint takes one
    kind, so that nothing is half understood.
    """
    if not isinstance(payload, Mapping):
        _refuse()
    kind = payload.get("object")
    if kind not in KINDS[endpoint]:
        _refuse()
    return Delivery(
        source=STRIPE,
        external_id=_text(payload.get("id"), TEXT_MAX),
        endpoint=endpoint,
        type=_text(payload.get("type"), TEXT_MAX),
        object_id=_object_of(payload, kind),
        api_version=_version(payload.get("api_version")),
        livemode=payload.get("livemode") is True,
        occurred_at=_instant(payload.get("created")),
        payload=_cleaned(payload, 0),
    )


def _parsed(text: str) -> object:
    try:
        return orjson.loads(text)
    except ValueError:
        pass
    # Halves of a character, in a text that a customer wrote, are no reason to lose a payment.
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise DeliveryRefused("not_json") from None


def _object_of(payload: Mapping[str, Any], kind: object) -> str | None:
    """Return the id of what the event is about; an upcoming invoice, for one, has none."""
    if kind == THIN:
        about = payload.get("related_object")
    else:
        data = payload.get("data")
        about = data.get("object") if isinstance(data, Mapping) else _refuse()
        if not isinstance(about, Mapping):
            _refuse()
    named = about.get("id") if isinstance(about, Mapping) else None
    return _text(named, TEXT_MAX) if named is not None else None


def _instant(created: Any) -> datetime:
    """Seconds since 1970 in a snapshot, RFC 3339 in a thin event."""
    try:
        if isinstance(created, str):
            read = datetime.fromisoformat(created)
            return read.astimezone(UTC) if read.tzinfo else _refuse()
        is_count = isinstance(created, int) and not isinstance(created, bool)
        return datetime.fromtimestamp(created, UTC) if is_count else _refuse()
    except (ValueError, OverflowError, OSError):
        _refuse()


def _version(named: object) -> str | None:
    return None if named is None else _text(named, VERSION_MAX)


def _text(value: Any, length: int) -> str:
    text = value if isinstance(value, str) else ""
    is_good = 0 < len(text) <= length and text.isascii() and text.isprintable()
    return text if is_good else _refuse()


def _cleaned(value: Any, depth: int) -> Any:
    """Copy what may be kept: no secret, no card number, nothing that a database cannot hold."""
    if depth > DEPTH_MAX:
        _refuse()
    if isinstance(value, str):
        return _storable(value)
    if isinstance(value, Mapping):
        return {
            _storable(name): REDACTED
            if part and isinstance(part, str) and name.endswith(_SECRET_ENDINGS)
            else _cleaned(part, depth + 1)
            for name, part in value.items()
        }
    if isinstance(value, list):
        return [_cleaned(part, depth + 1) for part in value]
    return value


def _storable(text: str) -> str:
    if not text.isprintable():
        text = text.replace("\x00", "�").encode("utf-8", "replace").decode()
    return cards.redacted(text)


def _refuse(*_: object) -> NoReturn:
    raise DeliveryRefused("not_an_event")
