"""Another plan, or another quantity, within a period: what is given back, and what is charged."""

from dataclasses import asdict

from mcp_server.sandbox import subscribing
from mcp_server.sandbox.errors import Refused
from mcp_server.sandbox.intervals import next_boundary
from mcp_server.sandbox.params import Params
from mcp_server.sandbox.pricing import part
from mcp_server.sandbox.resources import invoices
from mcp_server.sandbox.resources import subscription_items as items
from mcp_server.sandbox.resources.invoices import Part
from mcp_server.sandbox.work import Json, Work


def changed_items(
    work: Work,
    subscription: Json,
    asked: list[Params],
    proration: str,
    *,
    resets: bool,
    ends: bool = False,
) -> Json:
    """Change the items, and bill what that comes to: now, or with the next period."""
    if not asked and not resets and not ends:
        return subscription
    before = subscribing.items(subscription)
    after = [] if ends else _after(work, subscription, asked)
    back = [] if proration == "none" else [_left(work, each, -1) for each in before]
    if ends:
        return _wait(work, subscription, [each for each in back if each.amount])
    prices = [work.get("price", each["price"]["id"]) for each in after]
    items.require_alike(prices)
    recurring, old = prices[0]["recurring"], before[0]["price"]["recurring"]
    same = all(recurring[name] == old[name] for name in ("interval", "interval_count"))
    trial = subscription["status"] == "trialing"
    if trial or (same and not resets):
        changed = subscribing.update(
            work, subscription, items=subscribing.with_items(subscription, after)
        )
        moved = set() if trial else _moved(before, after)
        lines = [each for each in back if each.item in moved]
        if proration != "none":
            lines += [_left(work, each, 1) for each in after if each["id"] in moved]
        lines = [each for each in lines if each.amount]
        if proration == "always_invoice" and lines:
            return subscribing.bill_parts(work, changed, lines, "subscription_update", now=True)
        return _wait(work, changed, lines)
    now = work.now
    period = {
        "current_period_start": now,
        "current_period_end": next_boundary(now, recurring, now),
    }
    begun = [each | period for each in after]
    changed = subscribing.update(
        work,
        subscription,
        billing_cycle_anchor=now,
        items=subscribing.with_items(subscription, begun),
    )
    lines = [*back, *(invoices.whole(work, each) for each in begun)]
    return subscribing.bill_parts(work, changed, lines, "subscription_update", now=True)


def _wait(work: Work, subscription: Json, lines: list[Part]) -> Json:
    """Keep what is to be billed until the next invoice."""
    pending = [*subscription["_pending"], *map(asdict, lines)]
    return work.change(subscription, _pending=pending)


def _moved(before: list[Json], after: list[Json]) -> set[str]:
    """Name the items that cost something else than they did."""
    was = {each["id"]: (each["price"]["id"], each.get("quantity")) for each in before}
    now = {each["id"]: (each["price"]["id"], each.get("quantity")) for each in after}
    return {id for id in {*was, *now} if was.get(id) != now.get(id)}


def _left(work: Work, item: Json, sign: int) -> Part:
    whole = invoices.whole(work, item)
    amount = sign * part(whole.amount, whole.start, whole.end, work.now)
    return Part(
        price=whole.price,
        quantity=whole.quantity,
        amount=amount,
        start=work.now,
        end=whole.end,
        item=whole.item,
        proration=True,
    )


def _after(work: Work, subscription: Json, asked: list[Params]) -> list[Json]:
    found = {each["id"]: each for each in subscribing.items(subscription)}
    start, end = subscribing.period(subscription)
    for each in asked:
        each.ignore(*items.UNUSED)
        id = each.text("id")
        if id and id not in found:
            raise Refused(f"No such subscription_item: '{id}'", param=each.name("id"))
        if id and each.flag("deleted"):
            del found[id]
            continue
        quantity = each.integer("quantity")
        priced = each.given("price") or each.given("price_data")
        if id:
            kept = found[id]
            price = items.price_of(work, each) if priced else kept["price"]
            many = kept.get("quantity") if quantity is None else quantity
            found[id] = items.with_price(kept, price, many)
        else:
            period = {"current_period_end": end, "current_period_start": start}
            made = items.new(work, items.price_of(work, each), quantity, subscription["id"], period)
            found[made["id"]] = made
    return list(found.values())
