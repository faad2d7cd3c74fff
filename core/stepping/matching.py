"""Find what the provider's subscription is here: whose it is, and of which version of a plan."""

from dataclasses import dataclass

from core import catalog, payers, shelving
from core.catalog import ItemKind, PlanVersion
from core.db.work import Work
from core.lifecycles import Choice, Seen
from core.proration import Interval, Unit
from core.settling import named_after
from core.stepping.errors import Unmatched
from core.stepping.mirroring import Original
from core.stepping.model import STATES, Problem
from core.stepping.provided import ProviderSubscription


@dataclass(frozen=True, slots=True)
class Matched:
    project_id: str
    original: Original


async def match(work: Work, seen: ProviderSubscription) -> Matched:
    """Put it in our words. Raises Unmatched with the first thing that nobody here knows."""
    customer = await payers.find_customer(work, seen.customer_id)
    if customer is None:
        told = f"no project is the customer {seen.customer_id}"
        raise Unmatched(seen.id, Problem.UNKNOWN_CUSTOMER, told)
    if seen.state not in STATES:
        raise Unmatched(seen.id, Problem.UNKNOWN_STATE, f"it is {seen.state}")
    version, choice = await _choice(work, seen)
    starts = [each.start_at for each in seen.items]
    told_interval = version.interval
    original = Original(
        id=named_after("sub", seen.created_at, seen.id),
        provider_id=seen.id,
        product_key=version.product_key,
        asset=seen.asset,
        starts_at=seen.starts_at,
        seen=Seen(
            state=STATES[seen.state],
            choice=choice,
            interval=Interval(Unit(str(told_interval.unit)), told_interval.count),
            anchor_at=seen.anchor_at,
            # Items may be billed apart; all of it is held until the last of them is over.
            period_start_at=min(starts),
            period_end_at=max(each.end_at for each in seen.items),
            trial_ends_at=seen.trial_ends_at,
            cancel_at=seen.cancel_at,
            ended_at=seen.ended_at,
        ),
    )
    return Matched(customer.project_id, original)


async def _choice(work: Work, seen: ProviderSubscription) -> tuple[PlanVersion, Choice]:
    """Return the one version, in the one book, that all its prices are of."""
    if not seen.items:
        raise Unmatched(seen.id, Problem.UNKNOWN_PRICE, "it has no items")
    places, quantities = set(), {}
    for item in seen.items:
        price = await shelving.price_called(work, item.price_id)
        if price is None:
            told = f"the price {item.price_id} is not on our shelf"
            raise Unmatched(seen.id, Problem.UNKNOWN_PRICE, told)
        places.add((price.version_id, price.book_key))
        quantities[price.item_key] = item.quantity or 0
    if len(places) > 1:
        told = "its prices are of several versions or price books"
        raise Unmatched(seen.id, Problem.SEVERAL_PLANS, told)
    [(version_id, book_key)] = places
    version = await catalog.version_by_id(work, version_id)
    book = (await catalog.books(work)).get(book_key)
    if book is not None and book.asset != seen.asset:
        told = f"it is billed in {seen.asset}, and {book_key} is in {book.asset}"
        raise Unmatched(seen.id, Problem.OTHER_CURRENCY, told)
    recurring = [each.key for each in version.items if each.kind is ItemKind.RECURRING]
    counted = {key: quantities.get(key, 0) for key in recurring}
    return version, Choice(version.id, version.plan_key, version.number, book_key, counted)
