"""What is billed for a subscription: lines that say how each amount came about. Pure.

A bill is for one period and one reason, and is made once. Whoever invoices turns it into an
invoice, with taxes; without anybody who does, it is kept and can be read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from core import coupons, pricing, proration
from core.catalog import Item, ItemKind, PlanVersion
from core.kernel.money import Asset, Money
from core.kernel.period import Period
from core.proration import AmountOff, PercentOff

PERIOD, TRIAL, END = "period", "trial", "end"
"""Why something is billed. A period is billed once, whoever begins it; a change has its number."""


def change_reason(revision: int) -> str:
    return f"change:{revision}"


class LineKind(StrEnum):
    RECURRING = "recurring"
    ONE_TIME = "one_time"
    TRIAL = "trial"
    USAGE = "usage"
    CREDIT = "credit"
    """What is given back of a period that was billed; below zero."""
    CHARGE = "charge"
    """What a change costs for what is left of a period."""
    KEPT = "kept"
    """What was given back before and kept until this bill; below zero."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BillLine:
    kind: LineKind
    item_key: str
    name: str
    period: Period
    quantity: str
    amount: Money
    """Before discounts; below zero where it is given back."""
    off: int = 0
    """What discounts take off, in smallest units."""
    explained: tuple[str, ...]
    """How the amount came about, part by part of the price."""

    @property
    def net(self) -> Money:
        return Money(self.amount.amount - self.off, self.amount.asset)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What one discount took off, so that it is used up by this bill and no other."""

    discount_id: str
    coupon_key: str
    amount: Money
    recurring: Money
    """Of it, what came off the price of the period, and not off what is paid once or was used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    reason: str
    period: Period
    asset: Asset
    lines: tuple[BillLine, ...]
    taken: tuple[Taken, ...] = ()
    discounts: tuple[coupons.Discount, ...] = ()
    """Those of which something came, for whoever takes them off once more, on an invoice."""
    credits: Money | None = None
    """Granted once it is paid."""
    credits_until: datetime | None = None
    """None for credits that stay; otherwise they can be spent until then."""

    @property
    def total(self) -> Money:
        """What is owed, without taxes; below zero where something is given back."""
        return Money(sum(each.net.amount for each in self.lines), self.asset)

    @property
    def is_owed(self) -> bool:
        return self.total.amount > 0


@dataclass(frozen=True, slots=True)
class Sold:
    """A version in one book and these quantities: what a period of it costs."""

    version: PlanVersion
    book_key: str
    asset: Asset
    quantities: Mapping[str, int]

    def items(self, kind: ItemKind) -> list[Item]:
        return [each for each in self.version.items if each.kind is kind]

    def quantity(self, item: Item) -> int:
        return self.quantities.get(item.key, 1)

    def rated(self, item: Item) -> pricing.Rated:
        price = item.prices[self.book_key]
        return pricing.rate(price, Decimal(self.quantity(item)), self.asset)

    def terms(self, discounts: tuple[PercentOff | AmountOff, ...] = ()) -> proration.Terms:
        """Return what a period of it costs, as proration counts it."""
        recurring = self.items(ItemKind.RECURRING)
        return proration.Terms(
            asset=self.asset,
            interval=self.interval,
            items=tuple(proration.priced(each.key, self.rated(each)) for each in recurring),
            discounts=discounts,
        )

    @property
    def interval(self) -> proration.Interval:
        told = self.version.interval
        return proration.Interval(proration.Unit(str(told.unit)), told.count)

    def name_of(self, item_key: str) -> str:
        return next((each.name for each in self.version.items if each.key == item_key), item_key)


def period_bill(
    sold: Sold,
    period: Period,
    discounts: Sequence[coupons.Discount] = (),
    *,
    first: bool = False,
    used: Sequence[BillLine] = (),
) -> Bill:
    """Bill a period in advance: its fees and seats, and what was used in the one before.

    The first one has the fees that are paid once, too.
    """
    lines = [_whole(sold, each, LineKind.RECURRING, period) for each in _recurring(sold)]
    if first:
        once = sold.items(ItemKind.ONE_TIME)
        lines += [_whole(sold, each, LineKind.ONE_TIME, period) for each in once]
    lines += used
    bill = Bill(reason=PERIOD, period=period, asset=sold.asset, lines=_told(lines))
    return with_credits(discounted(bill, sold, discounts), sold, period)


def recurring(sold: Sold, discounts: Sequence[coupons.Discount] = ()) -> int:
    """Return what a period comes to as it goes on: fees and seats, less the discounts that stay.

    In smallest units, without taxes, what was used, what is paid once, and what comes off once.
    """
    product = sold.version.product_key
    lines = [
        coupons.BillLine(id=each.key, amount=sold.rated(each).total, product_key=product)
        for each in _recurring(sold)
    ]
    return coupons.apply(lines, [each for each in discounts if each.recurs]).total


def trial_bill(sold: Sold, period: Period, price: Money | None) -> Bill:
    """Bill a trial: what it costs, if anything. Its credits are a period's, until it ends."""
    lines: tuple[BillLine, ...] = ()
    if price is not None and price.amount:
        line = BillLine(
            kind=LineKind.TRIAL,
            item_key="trial",
            name="Trial",
            period=period,
            quantity="1",
            amount=price,
            explained=(f"trial = {price}",),
        )
        lines = (line,)
    bill = Bill(reason=TRIAL, period=period, asset=sold.asset, lines=lines)
    granted = with_credits(bill, sold, period)
    return replace(granted, credits_until=period.end_at) if granted.credits else granted


def prorated_bill(
    reason: str, prorated: proration.Prorated, period: Period, *, old: Sold, new: Sold
) -> Bill:
    """Bill a change, or an end, within a period: what is given back, and what is charged."""
    lines = []
    for each in prorated.lines:
        back = each.kind is proration.Kind.CREDIT
        of = old if back else new
        item = next(one for one in of.version.items if one.key == each.item)
        line = BillLine(
            kind=LineKind.CREDIT if back else LineKind.CHARGE,
            item_key=each.item,
            name=item.name,
            period=period,
            quantity=str(of.quantity(item)),
            amount=each.amount,
            explained=(each.explained,),
        )
        lines.append(line)
    return Bill(reason=reason, period=period, asset=new.asset, lines=tuple(lines))


def discounted(bill: Bill, sold: Sold, discounts: Sequence[coupons.Discount]) -> Bill:
    """Take discounts off a bill's lines. Of those that came to nothing nothing is told."""
    named = {f"{n:03d}": line for n, line in enumerate(bill.lines)}
    product = sold.version.product_key
    asked = [
        coupons.BillLine(id=key, amount=line.amount, product_key=product)
        for key, line in named.items()
    ]
    off = coupons.apply(asked, discounts)
    lines = tuple(replace(line, off=off.off_line(key)) for key, line in named.items())
    fees = {key for key, line in named.items() if line.kind is LineKind.RECURRING}
    taken = [
        Taken(
            discount_id=each.id,
            coupon_key=each.coupon_key,
            amount=Money(came, bill.asset),
            recurring=_off_by(off, each.id, fees, bill.asset),
        )
        for each in discounts
        if (came := off.off_by(each.id))
    ]
    used = tuple(each for each in discounts if off.off_by(each.id))
    return replace(bill, lines=lines, taken=tuple(taken), discounts=used)


def less_kept(bill: Bill, kept: Money) -> Bill:
    """Take what was kept of earlier bills off this one: no more than it comes to."""
    amount = min(bill.total.amount, kept.amount)
    if amount <= 0:
        return bill
    line = BillLine(
        kind=LineKind.KEPT,
        item_key="kept",
        name="Credit kept from before",
        period=bill.period,
        quantity="1",
        amount=Money(-amount, bill.asset),
        explained=(f"of {kept} that were kept",),
    )
    return replace(bill, lines=(*bill.lines, line))


def kept_off(
    bill: Bill, discounts: Sequence[coupons.Discount]
) -> tuple[PercentOff | AmountOff, ...]:
    """Return what came off a period's price, for when a part of it is given back or changed."""
    used = {each.discount_id: each.recurring for each in bill.taken}
    # Those of products first, as they were taken off.
    ordered = sorted(discounts, key=lambda each: not each.product_keys)
    return tuple(
        AmountOff(Decimal(used[each.id].decimal))
        if isinstance(each.off, Money)
        else PercentOff(each.off)
        for each in ordered
        if each.id in used
    )


def _off_by(off: coupons.Discounted, discount_id: str, lines: set[str], asset: Asset) -> Money:
    parts = (each for each in off.parts if each.discount_id == discount_id)
    return Money(sum(each.amount.amount for each in parts if each.line_id in lines), asset)


def with_credits(bill: Bill, sold: Sold, period: Period) -> Bill:
    """Say which credits the bill brings, and until when: what rolls over is seen when it ends."""
    included = sold.version.included
    if included is None:
        return bill
    return replace(bill, credits=included.amount, credits_until=credits_until(sold.version, period))


def credits_until(version: PlanVersion, period: Period) -> datetime | None:
    """Return when a period's credits can be spent no more.

    What rolls over up to a cap ends with its period, and what is under the cap is given again;
    what rolls over without one stays until its age.
    """
    assert version.included is not None, "only what is included is granted"
    included, ends = version.included, []
    if included.rollover_max is not None:
        ends.append(period.end_at)
    if included.expires_after_days is not None:
        ends.append(period.start_at + timedelta(days=included.expires_after_days))
    return min(ends, default=None)


def write_lines(bill: Bill) -> list[dict[str, Any]]:
    """Write a bill's lines as JSON: amounts are decimals in the bill's asset."""
    return [
        {
            "kind": str(each.kind),
            "item_key": each.item_key,
            "name": each.name,
            "start_at": each.period.start_at.isoformat(),
            "end_at": each.period.end_at.isoformat(),
            "quantity": each.quantity,
            "amount": each.amount.decimal,
            "off": Money(each.off, bill.asset).decimal,
            "total": each.net.decimal,
            "explained": list(each.explained),
        }
        for each in bill.lines
    ]


def _recurring(sold: Sold) -> list[Item]:
    return sold.items(ItemKind.RECURRING)


def _whole(sold: Sold, item: Item, kind: LineKind, period: Period) -> BillLine:
    rated = sold.rated(item)
    return BillLine(
        kind=kind,
        item_key=item.key,
        name=item.name,
        period=period,
        quantity=str(sold.quantity(item)),
        amount=rated.total,
        explained=tuple(rated.explained),
    )


def _told(lines: Sequence[BillLine]) -> tuple[BillLine, ...]:
    """Leave out what comes to nothing: a free plan's bill has no line."""
    return tuple(each for each in lines if each.amount.amount)
