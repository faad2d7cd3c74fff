"""Every scope there is. A scope is `<toolset>:read` or `<toolset>:write`; write implies read."""

from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache


class Toolset(StrEnum):
    """A group of operations that are offered, scoped and documented together."""

    PROJECTS = "projects"
    MEMBERS = "members"
    KEYS = "keys"
    WALLETS = "wallets"
    METERING = "metering"
    CATALOG = "catalog"
    PAYMENTS = "payments"
    AUDIT = "audit"


IN_PLAIN_WORDS = {
    "projects:read": "See projects and their settings",
    "projects:write": "Create projects and change their settings",
    "members:read": "See the members and invitations of a project",
    "members:write": "Invite, change and remove members",
    "keys:read": "See API keys and connected programs, never their secrets",
    "keys:write": "Create, rotate and revoke API keys and connections",
    "wallets:read": "See wallets, balances and transactions",
    "wallets:write": "Open wallets, spend and move credits; operators also grant and reverse",
    "metering:read": "See meters and recorded usage",
    "metering:write": "Record and charge usage, and manage meters",
    "catalog:read": "See plans, prices, features and coupons, and what something would cost",
    "catalog:write": "Manage plans, prices, features, coupons and who holds which plan",
    "payments:read": "See packs, payments, invoices and payment methods, never a card's number",
    "payments:write": "Open payment pages, choose payment methods; operators also sell and invoice",
    "audit:read": "See what was done by whom",
}
SCOPES = tuple(IN_PLAIN_WORDS)


def implied(granted: Iterable[str]) -> frozenset[str]:
    """Return the scopes that these amount to."""
    scopes = set(granted)
    scopes |= {scope.replace(":write", ":read") for scope in scopes if scope.endswith(":write")}
    return frozenset(scopes)


def missing(granted: frozenset[str], needed: tuple[str, ...]) -> list[str]:
    """Return the needed scopes that the granted ones do not amount to, in order."""
    return list(_missing(granted, needed))


@lru_cache(maxsize=4096)
def _missing(granted: frozenset[str], needed: tuple[str, ...]) -> tuple[str, ...]:
    have = implied(granted)
    return tuple(scope for scope in needed if scope not in have)
