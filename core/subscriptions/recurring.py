"""What recurs of a subscription: counted where it may have changed, and nowhere else.

A renewal costs what the one before did, and its line of the history says nothing of it: so a year
of ten thousand subscriptions is some ten thousand lines, and not a hundred and twenty thousand.
"""

from dataclasses import replace

from core import lifecycles, selling
from core.db.work import Work
from core.lifecycles import Decided, Subscription


async def counted(work: Work, before: Subscription | None, decided: Decided) -> Subscription:
    """Return what was decided with what a period of it comes to, as it goes on.

    Prices are asked for only where that may have changed: a plain renewal costs nothing here.
    """
    after = decided.after
    if before is not None and before.recurring is not None:
        same = (before.choice, before.interval) == (after.choice, after.interval)
        # What is discounted may be so for another reason than before: each bill looks anew.
        billed = decided.bill is not None and (before.discounts or after.discounts)
        if same and not billed:
            return replace(after, recurring=before.recurring)
    priced = await selling.priced(work, after, after.choice)
    return replace(after, recurring=lifecycles.recurring(priced.sold, priced.discounts))
