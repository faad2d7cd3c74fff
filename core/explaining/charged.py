"""Explain what use was charged: an event by its meter's price, and what was captured of a hold."""

from decimal import Decimal
from typing import Any

from sqlalchemy import select

from core import ledger, statements
from core.db.work import Work
from core.explaining.booked import Booked
from core.explaining.explained import Explained, UsedEvent, moved
from core.kernel.money import Asset, Money
from core.kernel.quantity import PLACES, as_text
from core.ledger import AccountRole
from core.metering import tables
from core.pricing import PerUnit, Price, rate

CHARGE = "charge"
TAKEN_AWAY = "the month of this usage was taken away, and its price cannot be told any more"
NOT_RECORDED = "no usage is recorded under this id"
NOT_CHARGED = "no charge of this usage names this transaction"


async def explain_usage(work: Work, booked: Booked, event_id: str) -> Explained:
    """Price the event anew: what its meter read, times what the meter says that one costs."""
    found = await _event(work, event_id)
    plain = Explained(origin="usage", origin_id=event_id, summary=f"Usage {event_id}", expected={})
    if found is None:
        return plain.but(NOT_RECORDED)
    used = UsedEvent(
        event_id=event_id,
        meter_key=found.meter_key,
        occurred_at=found.occurred_at,
        quantity=as_text(found.quantity),
    )
    if found.meter_key is None:
        return Explained(
            origin="usage",
            origin_id=event_id,
            summary=f"Usage {event_id}",
            events=(used,),
            differences=(TAKEN_AWAY,),
        )
    asset = Asset.parse(found.meter_asset)
    quantity = Decimal(found.quantity).scaleb(-PLACES)
    rated = rate(Price(PerUnit(Decimal(found.meter_price))), quantity, asset)
    total = rated.total
    told = Explained(
        origin="usage",
        origin_id=event_id,
        summary=f"{used.quantity} {found.meter_unit} of {found.meter_name}, "
        f"each {found.meter_price} {asset.code}",
        facts={
            "meter_key": found.meter_key,
            "meter_id": found.meter_id,
            "unit_price": found.meter_price,
            "asset": str(asset),
            "priced_since": found.meter_created_at.isoformat(),
        },
        events=(used,),
        rated=rated,
        expected=moved(
            work.project_id,
            (found.wallet_id or booked.wallets[0].wallet_id or "", total),
            (AccountRole.REVENUE, -total),
        ),
    )
    says_so = found.transaction_id == booked.id and found.charged == total.amount
    return told if says_so else told.but(_why_not(found, booked, total))


def _why_not(found: Any, booked: Booked, total: Money) -> str:
    if found.transaction_id != booked.id:
        return NOT_CHARGED
    charged = Money(found.charged, Asset.parse(found.charged_asset))
    return f"{charged} was charged, and the price comes to {total}"


async def _event(work: Work, event_id: str) -> Any:
    """Read an event, its meter and its charge, as far as they are there."""
    i, e, m, c = (
        each.c for each in (tables.event_ids, tables.events, tables.meters, tables.charges)
    )
    joined = (
        tables.event_ids.outerjoin(
            tables.events,
            (e.project_id == i.project_id)
            & (e.received_at == i.received_at)
            & (e.event_id == i.event_id)
            & (e.occurred_at == i.occurred_at),
        )
        .outerjoin(tables.meters, m.id == e.meter_id)
        .outerjoin(tables.charges, (c.project_id == i.project_id) & (c.event_id == i.event_id))
    )
    query = (
        select(
            i.occurred_at,
            i.quantity,
            m.id.label("meter_id"),
            m.key.label("meter_key"),
            m.name.label("meter_name"),
            m.unit.label("meter_unit"),
            m.price.label("meter_price"),
            m.asset.label("meter_asset"),
            m.created_at.label("meter_created_at"),
            c.transaction_id,
            c.wallet_id,
            c.amount.label("charged"),
            c.asset.label("charged_asset"),
        )
        .select_from(joined)
        .where(i.project_id == work.project_id, i.event_id == event_id)
    )
    return (await work.execute(query)).first()


async def explain_capture(work: Work, booked: Booked, hold_id: str) -> Explained:
    """Compare with what the hold says was captured of it."""
    plain = Explained(origin="hold", origin_id=hold_id, summary=f"Hold {hold_id}", expected={})
    try:
        hold = await statements.find_hold(work, hold_id)
    except ledger.HoldNotFound:
        return plain.but("there is no such hold")
    asset = booked.postings[0].amount.asset
    captured = Money(hold.captured, asset)
    told = Explained(
        origin="hold",
        origin_id=hold_id,
        summary=f"{captured} taken of a hold of {Money(hold.amount, asset)}",
        facts={
            "reserved": Money(hold.amount, asset).decimal,
            "capture_max": Money(hold.capture_max, asset).decimal,
            "captured": captured.decimal,
            "asset": str(asset),
            "held_at": hold.held_at.isoformat(),
            "held_for": hold.memo,
        },
        expected={
            hold.account_id: captured.amount,
            ledger.operator_account(work.project_id, AccountRole.REVENUE, asset): -captured.amount,
        },
    )
    is_its = hold.transaction_id == booked.id
    return told if is_its else told.but("the hold does not name this transaction")
