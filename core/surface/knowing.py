"""What operations may know of the installation by themselves, whatever it was told of its own.

What stands low asks here for what only stands high knows: the catalog, who holds a plan.
"""

from core import catalog, checkouts, coupons, entitlements
from core.operations.given import Given


def knowledge() -> Given:
    """Return it, by its type. Once for each installation that is open: it remembers what it saw."""
    return {
        catalog.Holders: entitlements.Holders(),
        checkouts.Reductions: coupons.PackReductions(),
        entitlements.Remembered: entitlements.Remembered(),
    }
