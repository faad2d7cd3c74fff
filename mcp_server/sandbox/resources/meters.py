"""Billing meters, and how much of each a customer has used."""

from decimal import Decimal

from mcp_server.sandbox.errors import Refused, absent
from mcp_server.sandbox.lists import listed, page
from mcp_server.sandbox.params import Params
from mcp_server.sandbox.work import Json, Work

WINDOWS = {"hour": 3600, "day": 86_400}


def create(work: Work, asked: Params) -> Json:
    asked.ignore("dimension_payload_keys", "expand")
    name = asked.needed("event_name")
    if next(work.every("billing.meter", event_name=name, status="active"), None):
        raise Refused(
            f"There is already an active meter for {name}.",
            code="resource_already_exists",
            param="event_name",
        )
    aggregation = asked.part("default_aggregation")
    formula = aggregation.choice("formula", "sum", "count", "last") if aggregation else None
    if formula is None:
        raise absent("default_aggregation")
    mapping, value = asked.part_or_none("customer_mapping"), asked.part_or_none("value_settings")
    mapping.ignore("type")
    meter = work.new(
        "billing.meter",
        "mtr_test",
        customer_mapping={
            "event_payload_key": mapping.text_or("event_payload_key", "stripe_customer_id"),
            "type": "by_id",
        },
        default_aggregation={"formula": formula},
        display_name=asked.needed("display_name"),
        event_name=name,
        event_time_window=asked.choice("event_time_window", "day", "hour"),
        status="active",
        status_transitions={"deactivated_at": None},
        updated=work.now,
        value_settings={"event_payload_key": value.text_or("event_payload_key", "value")},
    )
    work.emit("billing.meter.created", meter)
    return meter


def retrieve(work: Work, asked: Params, id: str) -> Json:
    return work.get("billing.meter", id)


def update(work: Work, asked: Params, id: str) -> Json:
    meter = work.get("billing.meter", id)
    name = asked.text_or("display_name", meter["display_name"])
    return work.change(meter, "billing.meter.updated", display_name=name)


def deactivate(work: Work, asked: Params, id: str) -> Json:
    meter = work.get("billing.meter", id)
    transitions = {"deactivated_at": work.now}
    return work.change(
        meter, "billing.meter.deactivated", status="inactive", status_transitions=transitions
    )


def reactivate(work: Work, asked: Params, id: str) -> Json:
    meter = work.get("billing.meter", id)
    transitions = {"deactivated_at": None}
    return work.change(
        meter, "billing.meter.reactivated", status="active", status_transitions=transitions
    )


def find(work: Work, asked: Params) -> Json:
    where = {"status": asked.choice("status", "active", "inactive")}
    return page(work, asked, "billing.meter", "/v1/billing/meters", where)


def summaries(work: Work, asked: Params, id: str) -> Json:
    """Add up what a customer used in a time, whole or by windows, newest first."""
    meter = work.get("billing.meter", id)
    customer = asked.needed("customer")
    asked.ignore("limit", "starting_after", "ending_before")
    start, end = _instant(asked, "start_time"), _instant(asked, "end_time")
    window = asked.choice("value_grouping_window", *WINDOWS)
    step = WINDOWS[window] if window else end - start
    if start >= end or start % 60 or end % 60:
        raise Refused("start_time and end_time must be whole minutes, in order.")
    used = [
        each
        for each in work.every("billing.meter_event", _meter=id, _customer=customer)
        if start <= each["timestamp"] < end
    ]
    found = []
    for begin in range(start, end, step):
        inside = [each for each in used if begin <= each["timestamp"] < begin + step]
        if inside or not window:
            found.append(_summary(meter, inside, begin, min(begin + step, end)))
    return listed(found[::-1], f"/v1/billing/meters/{id}/event_summaries")


def _instant(asked: Params, name: str) -> int:
    asked.needed(name)
    return asked.integer_or(name, 0)


def _summary(meter: Json, used: list[Json], start: int, end: int) -> Json:
    key, formula = meter["value_settings"]["event_payload_key"], meter["default_aggregation"]
    values = [Decimal(each["payload"].get(key, "1")) for each in used]
    total = {
        "sum": sum(values, Decimal(0)),
        "count": Decimal(len(values)),
        "last": values[-1] if values else Decimal(0),
    }[formula["formula"]]
    return {
        "id": f"mtrusg_test_{meter['id'][-12:]}{start}",
        "object": "billing.meter_event_summary",
        "aggregated_value": float(total),
        "end_time": end,
        "livemode": False,
        "meter": meter["id"],
        "start_time": start,
    }
