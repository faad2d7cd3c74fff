"""What the provider's words are to us, and what a paid invoice brings. Pure."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from enum import StrEnum
from fractions import Fraction

from core.catalog import PlanVersion
from core.kernel.money import Asset, Money
from core.kernel.period import Period
from core.kernel.rounding import shares
from core.lifecycles import Bill, BillLine, LineKind, State
from core.stepping.provided import ProviderInvoice, ProviderLine, ProviderSubscription

STATES: Mapping[str, State] = {
    "incomplete": State.DRAFT,
    "incomplete_expired": State.EXPIRED,
    "trialing": State.TRIALING,
    "active": State.ACTIVE,
    "past_due": State.PAST_DUE,
    "unpaid": State.SUSPENDED,
    "paused": State.PAUSED,
    "canceled": State.CANCELED,
}
"""The provider's states, all of them. Collection that is paused is none: access goes on."""


class Problem(StrEnum):
    """Why a subscription of the provider's is not one of ours."""

    UNKNOWN_CUSTOMER = "unknown_customer"
    UNKNOWN_PRICE = "unknown_price"
    SEVERAL_PLANS = "several_plans"
    UNKNOWN_STATE = "unknown_state"
    OTHER_CURRENCY = "other_currency"
    OTHER_PRODUCT = "other_product"
    OTHER_PROJECT = "other_project"
    ALREADY_SUBSCRIBED = "already_subscribed"
    """Another one of the product goes on: this one is reported, and nothing is replaced."""


def digest_of(seen: ProviderSubscription) -> str:
    """Name all that was seen, so that what is the same is known without looking."""
    return hashlib.blake2b(repr(sorted(asdict(seen).items())).encode(), digest_size=32).hexdigest()


PlanOf = Callable[[str], PlanVersion | None]
"""Which version a price of the provider's is of; None of one that is not on our shelf."""


def nets(invoice: ProviderInvoice) -> list[int]:
    """Split what an invoice comes to without taxes over its lines, to the unit.

    What is less than the lines, by discounts or because taxes are in the prices, comes off those
    that cost something, each by its part.
    """
    amounts = [each.amount.amount for each in invoice.lines]
    less = sum(amounts) - invoice.net.amount
    return [each - off for each, off in zip(amounts, spread(less, amounts), strict=True)]


def spread(total: int, over: Sequence[int]) -> list[int]:
    """Split a total over what is more than nothing. Over nothing at all, the first bears it."""
    weights = [max(0, each) for each in over]
    if not any(weights):
        return [total, *(0 for _ in over[1:])]
    return shares(total, weights)


def bill_lines(invoice: ProviderInvoice, names: Callable[[str | None], str]) -> list[BillLine]:
    """Say in our words what was billed there, line by line, without taxes."""
    found = []
    for line, net in zip(invoice.lines, nets(invoice), strict=True):
        whole = line.amount.amount
        found.append(
            BillLine(
                kind=_kind(line),
                item_key=names(line.price_id),
                name=names(line.price_id),
                period=Period(line.start_at, max(line.start_at, line.end_at)),
                quantity=str(line.quantity or 0),
                amount=line.amount,
                off=whole - net,
                explained=(f"billed by the provider on {invoice.number or invoice.id}",),
            )
        )
    return found


def _kind(line: ProviderLine) -> LineKind:
    if not line.prorated:
        return LineKind.RECURRING
    return LineKind.CREDIT if line.amount.amount < 0 else LineKind.CHARGE


def reason_of(provider_id: str) -> str:
    """Name why a period was billed by the provider: each of its invoices is a reason of its own."""
    return f"provider:{hashlib.blake2b(provider_id.encode(), digest_size=7).hexdigest()}"


def bill_of(provider_id: str, asset: Asset, lines: Sequence[BillLine]) -> Bill:
    """Draw what the provider billed, in our words."""
    first = min(each.period.start_at for each in lines)
    last = max(each.period.end_at for each in lines)
    period = Period(first, last)
    return Bill(reason=reason_of(provider_id), period=period, asset=asset, lines=tuple(lines))


def period_of(invoice: ProviderInvoice) -> Period | None:
    """Return the period that an invoice begins; None of one that only changes what goes on."""
    begins = [each for each in invoice.lines if not each.prorated and each.end_at > each.start_at]
    if not begins:
        return None
    last = max(begins, key=lambda each: each.end_at)
    return Period(last.start_at, last.end_at)


def begun_version(invoice: ProviderInvoice, plan_of: PlanOf) -> PlanVersion | None:
    """Return the version whose period an invoice begins, if it is one of ours."""
    for line in invoice.lines:
        if not line.prorated and line.price_id and line.end_at > line.start_at:
            found = plan_of(line.price_id)
            if found is not None:
                return found
    return None


def more_credits(
    invoice: ProviderInvoice, plan_of: PlanOf, whole: Period
) -> tuple[Money, PlanVersion] | None:
    """Return the credits that a dearer plan has more for what is left of a period, rounded down."""
    charged, given = _of_sign(invoice, 1, plan_of), _of_sign(invoice, -1, plan_of)
    if charged is None or charged[0].included is None:
        return None
    (new, line), has = charged, charged[0].included.amount
    old = given[0].included if given else None
    had = old.amount.amount if old and old.amount.asset == has.asset else 0
    micro = timedelta(microseconds=1)
    span = (whole.end_at - whole.start_at) // micro
    left = Fraction((line.end_at - line.start_at) // micro, span or 1)
    more = int(Fraction(has.amount - had) * min(Fraction(1), left))
    return (Money(more, has.asset), new) if more > 0 else None


def _of_sign(
    invoice: ProviderInvoice, sign: int, plan_of: PlanOf
) -> tuple[PlanVersion, ProviderLine] | None:
    for line in invoice.lines:
        if line.prorated and line.price_id and line.amount.amount * sign > 0:
            found = plan_of(line.price_id)
            if found is not None:
                return found, line
    return None
