"""Meter events: usage as it is sent, one by one or in streams, and reports of what was wrong.

The first version of the address takes almost anything and tells later, by a thin event, what it
could not use. The second checks at once. The stream checks nothing but its token.
"""

from collections import defaultdict
from datetime import datetime
from decimal import Decimal, InvalidOperation

from mcp_server.sandbox.errors import Refused, absent
from mcp_server.sandbox.ids import new_id, random_text
from mcp_server.sandbox.params import Params
from mcp_server.sandbox.work import Json, Work, rfc3339

PAST_SECONDS_MAX = 35 * 86_400
AHEAD_SECONDS_MAX = 300
UNIQUE_SECONDS = 86_400
TOKEN_SECONDS = 15 * 60
STREAM_MAX = 100
SAMPLES_MAX = 5
DIGITS_MAX = 15

MESSAGES = {
    "no_meter": "No meter found for event_name {event_name}.",
    "archived_meter": "The meter for event_name {event_name} is inactive.",
    "meter_event_customer_not_found": "The customer of the event does not exist.",
    "meter_event_no_customer_defined": "The payload names no customer.",
    "meter_event_invalid_value": "The value is not a number.",
    "meter_event_value_too_many_digits": "The value has too many digits.",
    "timestamp_in_future": "The timestamp is more than five minutes ahead.",
    "timestamp_too_far_in_past": "The timestamp is more than 35 days ago.",
}


def create(work: Work, asked: Params) -> Json:
    """Take one event; what is wrong with it is reported later."""
    timestamp = asked.integer_or("timestamp", work.now)
    if code := _untimely(work, timestamp):
        raise Refused(MESSAGES[code], code=code, param="timestamp")
    event = _event(work, asked, timestamp)
    _require_new(work, event)
    report(work, _keep(work, [event]))
    return event


def create_v2(work: Work, asked: Params) -> Json:
    """Take one event, and refuse at once what cannot be used."""
    event = _event(work, asked, _timestamp(work, asked))
    _require_new(work, event)
    if code := problem(work, event):
        raise Refused(MESSAGES[code].format(**event), code=code)
    _keep(work, [event])
    return _as_v2(event)


def _event(work: Work, asked: Params, timestamp: int) -> Json:
    payload = asked.mapping("payload")
    if not payload:
        raise absent("payload")
    return {
        "object": "billing.meter_event",
        "created": work.now,
        "event_name": asked.needed("event_name"),
        "identifier": asked.text("identifier") or random_text(24),
        "livemode": False,
        "payload": payload,
        "timestamp": timestamp,
    }


def _timestamp(work: Work, asked: Params) -> int:
    text = asked.text("timestamp")
    if text is None:
        return work.now
    try:
        return int(datetime.fromisoformat(text).timestamp())
    except ValueError as error:
        raise Refused(f"Invalid timestamp: {text}", param="timestamp") from error


def _as_v2(event: Json) -> Json:
    same = {name: event[name] for name in ("event_name", "identifier", "livemode", "payload")}
    times = {name: rfc3339(event[name]) for name in ("created", "timestamp")}
    return {"object": "v2.billing.meter_event", **same, **times}


def _untimely(work: Work, timestamp: int) -> str | None:
    if timestamp > work.now + AHEAD_SECONDS_MAX:
        return "timestamp_in_future"
    return "timestamp_too_far_in_past" if timestamp < work.now - PAST_SECONDS_MAX else None


def _require_new(work: Work, event: Json) -> None:
    if _is_known(work, event):
        raise Refused(
            f"An event already exists with identifier {event['identifier']}.",
            code="duplicate_meter_event",
            param="identifier",
        )


def _is_known(work: Work, event: Json) -> bool:
    """Tell whether the identifier was used within a day."""
    since = work.now - UNIQUE_SECONDS
    same = work.every("billing.meter_event", identifier=event["identifier"])
    return any(each["created"] > since for each in same)


def problem(work: Work, event: Json) -> str | None:
    """Find what is wrong with an event, in Stripe's word for it."""
    meters = list(work.every("billing.meter", event_name=event["event_name"]))
    active = next((each for each in meters if each["status"] == "active"), None)
    if active is None:
        return "archived_meter" if meters else "no_meter"
    customer = event["payload"].get(active["customer_mapping"]["event_payload_key"])
    if not customer:
        return "meter_event_no_customer_defined"
    if work.find("customer", customer) is None:
        return "meter_event_customer_not_found"
    return _untimely(work, event["timestamp"]) or _bad_value(active, event)


def _bad_value(meter: Json, event: Json) -> str | None:
    if meter["default_aggregation"]["formula"] == "count":
        return None
    value = event["payload"].get(meter["value_settings"]["event_payload_key"], "")
    try:
        number = Decimal(value)
    except InvalidOperation:
        return "meter_event_invalid_value"
    if not number.is_finite():
        return "meter_event_invalid_value"
    many = len(number.as_tuple().digits) > DIGITS_MAX
    return "meter_event_value_too_many_digits" if many else None


def _keep(work: Work, events: list[Json]) -> list[tuple[Json, str]]:
    """Count the events that are right, and return the others with what is wrong."""
    wrong = []
    for event in events:
        if code := problem(work, event):
            wrong.append((event, code))
            continue
        meter = next(work.every("billing.meter", event_name=event["event_name"], status="active"))
        key = meter["customer_mapping"]["event_payload_key"]
        counted = {"_meter": meter["id"], "_customer": event["payload"][key]}
        work.insert(event | counted | {"id": new_id("mtrevt")})
    return wrong


def report(work: Work, wrong: list[tuple[Json, str]]) -> None:
    """Tell by thin events what could not be counted: one for each meter, one for no meter."""
    by_meter: dict[str, list[tuple[Json, str]]] = defaultdict(list)
    for event, code in wrong:
        found = next(work.every("billing.meter", event_name=event["event_name"]), None)
        by_meter[found["id"] if found else ""].append((event, code))
    for meter, errors in by_meter.items():
        data = _report(work, errors)
        if not meter:
            work.emit_thin("v1.billing.meter.no_meter_found", data, None)
            continue
        related = {"id": meter, "type": "billing.meter", "url": f"/v1/billing/meters/{meter}"}
        work.emit_thin("v1.billing.meter.error_report_triggered", data, related)


def _report(work: Work, errors: list[tuple[Json, str]]) -> Json:
    by_code: dict[str, list[Json]] = defaultdict(list)
    for event, code in errors:
        by_code[code].append(event)
    types = [
        {
            "code": code,
            "error_count": len(events),
            "sample_errors": [
                {
                    "error_message": MESSAGES[code].format(**event),
                    "request": {"identifier": event["identifier"]},
                }
                for event in events[:SAMPLES_MAX]
            ],
        }
        for code, events in by_code.items()
    ]
    return {
        "developer_message_summary": f"There is 1 invalid event: {types[0]['code']}"
        if len(errors) == 1
        else f"There are {len(errors)} invalid events.",
        "reason": {"error_count": len(errors), "error_types": types},
        "validation_start": rfc3339(work.now - 1),
        "validation_end": rfc3339(work.now),
    }


# -- The stream -----------------------------------------------------------------------------------


def open_session(work: Work, asked: Params) -> Json:
    token = f"sess_{random_text(48)}"
    expires = work.now + TOKEN_SECONDS
    kept = {
        "id": new_id("mes"),
        "object": "v2.billing.meter_event_session",
        "authentication_token": token,
        "created": rfc3339(work.now),
        "expires_at": rfc3339(expires),
        "livemode": False,
    }
    work.db.execute(
        "insert into settings (name, value) values (?, ?)", (f"stream:{token}", str(expires))
    )
    return kept


def is_open(work: Work, token: str) -> bool:
    """Tell whether a token opens the stream still."""
    query = "select value from settings where name = ?"
    row = work.db.execute(query, (f"stream:{token}",)).fetchone()
    return row is not None and int(row["value"]) > work.now


def stream(work: Work, asked: Params) -> Json:
    """Take up to a hundred events; a repeated identifier is dropped without a word."""
    given = asked.parts("events")
    if not 1 <= len(given) <= STREAM_MAX:
        raise Refused(f"Send between 1 and {STREAM_MAX} events.", param="events")
    fresh: dict[str, Json] = {}
    for each in given:
        event = _event(work, each, _timestamp(work, each))
        if not _is_known(work, event):
            fresh.setdefault(event["identifier"], event)
    report(work, _keep(work, list(fresh.values())))
    return {}


def adjust(work: Work, asked: Params) -> Json:
    """Take an event back, within a day."""
    type = asked.choice("type", "cancel")
    cancel = asked.part("cancel")
    identifier = cancel.needed("identifier") if cancel else None
    name = asked.needed("event_name")
    if type is None or identifier is None:
        raise absent("cancel[identifier]")
    events = work.every("billing.meter_event", identifier=identifier, event_name=name)
    found = next(events, None)
    if found is None or found["created"] <= work.now - UNIQUE_SECONDS:
        raise Refused(
            f"No cancelable event was found with identifier {identifier}.",
            code="meter_event_not_found",
            param="cancel[identifier]",
        )
    work.db.execute("update objects set deleted = 1 where id = ?", (found["id"],))
    return {
        "object": "billing.meter_event_adjustment",
        "cancel": {"identifier": identifier},
        "event_name": name,
        "livemode": False,
        "status": "pending",
        "type": "cancel",
    }
