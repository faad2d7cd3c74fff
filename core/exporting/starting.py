"""Start a meter's export, and stop it."""

from dataclasses import asdict, replace
from typing import Any

from core import metering
from core.db.upsert import insert_if_absent
from core.db.work import Work
from core.exporting import events, finding, tables
from core.exporting.errors import EventNameTaken, MeterNotExportable, UsageExportRunning
from core.exporting.model import FORMULAS, Export, State, SyncState, Terms


async def start(work: Work, meter_key: str, terms: Terms) -> Export:
    """Have the meter's usage exported on these terms, from now on or from where it was paused."""
    meter = await metering.find_meter(work, meter_key)
    _require_exportable(meter)
    namesake = await finding.by_event_name(work, terms.event_name)
    if namesake and namesake.meter_id != meter.id:
        raise EventNameTaken(terms.event_name, namesake.meter_key)
    before = await finding.by_id(work, meter.id, lock=True)
    if before is None:
        if not await insert_if_absent(work, tables.exports, _first(work, meter, terms)):
            return await start(work, meter_key, terms)  # somebody else was first
    elif before.state is State.ON and before.sync_state is not SyncState.REFUSED:
        if before.terms != terms:
            raise UsageExportRunning(meter_key)
        return before
    else:
        await finding.change(work, before, **_again(work, before, terms))
    export = await finding.find(work, meter_key)
    work.record("started", export.meter_id)
    await events.tell(work, events.STARTED, export, **_facts(terms))
    return export


async def stop(work: Work, meter_key: str) -> Export:
    """Send nothing more. What the provider was told it keeps, and so are its meter and price."""
    export = await finding.find(work, meter_key, lock=True)
    if export.state is State.OFF:
        return export
    off = {"state": str(State.OFF), "paused_for": None, "version": export.version + 1}
    await finding.change(work, export, **off)
    work.record("stopped", export.meter_id)
    stopped = replace(export, state=State.OFF, paused_for=None, version=export.version + 1)
    await events.tell(work, events.STOPPED, stopped)
    return stopped


def _require_exportable(meter: metering.Meter) -> None:
    if meter.archived_at:
        raise MeterNotExportable(meter.key, "it was archived")
    if meter.aggregation not in FORMULAS:
        able = ", ".join(FORMULAS)
        raise MeterNotExportable(
            meter.key, f"the provider cannot sum up by {meter.aggregation}, only by {able}"
        )


def _first(work: Work, meter: metering.Meter, terms: Terms) -> dict[str, Any]:
    return {
        "meter_id": meter.id,
        "meter_key": meter.key,
        "name": meter.name,
        "formula": FORMULAS[meter.aggregation],
        "version": 1,
        "since": work.now,
        "exported_until": work.now,
        "swept_at": work.now,
        "reported_errors": 0,
        "created_at": work.now,
        "updated_at": work.now,
    } | _on(work, terms)


def _on(work: Work, terms: Terms) -> dict[str, Any]:
    return {
        "state": str(State.ON),
        "paused_for": None,
        "event_name": terms.event_name,
        "currency": str(terms.currency) if terms.currency else None,
        "tiers": [asdict(each) for each in terms.tiers] or None,
        "sync_state": str(SyncState.WAITING),
        "sync_code": None,
        "sync_reason": None,
        "started_by": work.caller.subject[:160],
    }


def _again(work: Work, before: Export, terms: Terms) -> dict[str, Any]:
    """Go on where it was paused. After a stop it begins anew: what came between stays here.

    What was made at the provider for other terms stays there, for subscriptions may use it.
    """
    values = _on(work, terms) | {"version": before.version + 1, "provider_meter": None}
    if before.state is State.OFF:
        values |= {"since": work.now, "exported_until": work.now, "swept_at": work.now}
    if before.terms != terms or before.sync_state is SyncState.REFUSED or before.paused_for:
        # Made for a meter that is another one now, or is gone.
        values |= {"product": None, "price": None}
    return values


def _facts(terms: Terms) -> dict[str, Any]:
    if terms.currency is None:
        return {}
    return {"currency": str(terms.currency), "tiers": [asdict(each) for each in terms.tiers]}
