"""Claims: which usage invoices bill, and whose. See README.md."""

from core.claims.claiming import UNCLAIMED, Named, bill_in_arrears, claim, claimable

__all__ = ["UNCLAIMED", "Named", "bill_in_arrears", "claim", "claimable"]
