"""The figures of revenue at this instant, by currency, for whoever watches over them.

They are read from what stands now, by indexes of what is open: nothing that is over is looked at.
No project is named.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from core import invoicing
from core.db.work import Work
from core.kernel.money import Asset, Money
from core.kernel.rounding import whole_units
from core.lifecycles import PAYING, State
from core.revenue import owing, subscribed
from core.revenue.model import monthly

CHURN_DAYS = 30
FIGURES = {
    "mrr": "Monthly recurring revenue, in the currency's main unit.",
    "active_subscriptions": "Subscriptions that are active or past due.",
    "trialing_subscriptions": "Subscriptions in a trial.",
    "churned_subscriptions": f"Paid {CHURN_DAYS} days ago or since, and not any more.",
    "receivables": "What customers owe of invoices, in the currency's main unit.",
    "overdue_receivables": "What of that is open and past due.",
    "failed_payments": "Bills that are owed although somebody tried to pay them.",
    "deferred_revenue": "Invoiced and not earned yet, in the currency's main unit.",
}
"""Each figure by its name, and what it is."""

Figures = Mapping[str, Mapping[str, Decimal]]
"""By name, and then by currency."""


async def figures(work: Work) -> Figures:
    """Read all of them, of every project. A currency in which nothing ever was has none."""
    found: dict[str, dict[Asset, Decimal]] = {name: {} for name in FIGURES}
    await _subscribed(work, found)
    churned = await subscribed.stopped(work, work.now - timedelta(days=CHURN_DAYS))
    failing = await subscribed.failing(work)
    for name, counts in (("churned_subscriptions", churned), ("failed_payments", failing)):
        found[name] |= {asset: Decimal(count) for asset, count in counts.items()}
    await _owed(work, found)
    for asset, amount in (await owing.unearned(work)).items():
        found["deferred_revenue"][asset] = _main(amount, asset)
    return _told(found)


async def _subscribed(work: Work, found: Mapping[str, dict[Asset, Decimal]]) -> None:
    mrr: dict[Asset, Fraction] = defaultdict(Fraction)
    for each in await subscribed.standing(work):
        mrr[each.asset] += Fraction(0)
        if each.state in PAYING:
            mrr[each.asset] += monthly(each.recurring, each.interval)
            _add(found["active_subscriptions"], each.asset, each.count)
        if each.state is State.TRIALING:
            _add(found["trialing_subscriptions"], each.asset, each.count)
    found["mrr"].update({asset: _main(whole_units(each), asset) for asset, each in mrr.items()})


async def _owed(work: Work, found: Mapping[str, dict[Asset, Decimal]]) -> None:
    for each in await owing.owed(work, [work.now]):
        due = _main(each.due, each.asset)
        _add(found["receivables"], each.asset, due)
        if each.age and each.state is invoicing.State.OPEN:
            _add(found["overdue_receivables"], each.asset, due)


def _add(sums: dict[Asset, Decimal], asset: Asset, amount: Decimal | int) -> None:
    sums[asset] = sums.get(asset, Decimal(0)) + amount


def _main(amount: int, asset: Asset) -> Decimal:
    return Decimal(Money(amount, asset).decimal)


def _told(found: Mapping[str, Mapping[Asset, Decimal]]) -> Figures:
    """Name every currency in every figure: what falls to nothing is zero, and not gone."""
    assets = {asset for each in found.values() for asset in each}
    return {
        name: {str(asset): each.get(asset, Decimal(0)) for asset in sorted(assets, key=str)}
        for name, each in found.items()
    }
