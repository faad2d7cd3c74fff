"""Everything that is measured, in the order of the table; what it is held against; the goals."""

from dataclasses import dataclass
from typing import Literal

Books = Literal["", "postgres", "sqlite", "sqlite_served"]
Reached = Literal["aim", "least", "no"]


@dataclass(frozen=True, slots=True)
class Goal:
    """What a figure should be: the ratio to a baseline or, where there is none, the value."""

    at_least: float
    aim: float | None = None
    unit: str = "x"
    lower_is_better: bool = False

    def reached(self, figure: float) -> Reached:
        if self.aim is not None and self._meets(figure, self.aim):
            return "aim"
        if self._meets(figure, self.at_least):
            return "least" if self.aim is not None else "aim"
        return "no"

    def _meets(self, figure: float, bound: float) -> bool:
        return figure <= bound if self.lower_is_better else figure >= bound


@dataclass(frozen=True, slots=True)
class Subject:
    """Something that is measured, and what it is held against."""

    name: str
    title: str
    unit: str
    against: str = ""
    """The baseline that its ratio is to, in the same round."""
    beside: tuple[str, ...] = ()
    """Others that it is compared with, without a goal."""
    goal: Goal | None = None
    books: Books = ""
    """Which books it writes, which must then prove clean for the row to count."""


SUBJECTS = (
    Subject("tpcb", "pgbench TPC-B-like, scale 10, 8 clients", "transactions/s"),
    Subject("orm", "plain ORM charge, 8 connections, 1,000 wallets", "charges/s", against="tpcb"),
    Subject(
        "charges",
        "ledger charges in process, batches of 200, 1,000 wallets",
        "charges/s",
        against="tpcb",
        beside=("orm",),
        goal=Goal(5, 8),
        books="postgres",
    ),
    Subject(
        "charges_hot",
        "the same on one hot wallet",
        "charges/s",
        against="tpcb",
        beside=("orm",),
        goal=Goal(6, 11),
        books="postgres",
    ),
    Subject(
        "charges_two",
        "the same in two projects, one batch of each under way",
        "charges/s",
        against="tpcb",
        books="postgres",
    ),
    Subject(
        "sqlite_charges",
        "ledger charges in process, 1,000 wallets, SQLite",
        "charges/s",
        against="charges",
        books="sqlite",
    ),
    Subject(
        "sqlite_charges_hot",
        "the same on one hot wallet, SQLite",
        "charges/s",
        against="charges_hot",
        books="sqlite",
    ),
    Subject(
        "ratings_flat",
        "flat prices rated in process",
        "ratings/s",
        goal=Goal(100_000, 200_000, "/s"),
    ),
    Subject(
        "ratings_per_unit",
        "per-unit prices rated in process",
        "ratings/s",
        goal=Goal(100_000, 200_000, "/s"),
    ),
    Subject(
        "ratings_graduated",
        "graduated prices of five tiers rated in process",
        "ratings/s",
        goal=Goal(40_000, 80_000, "/s"),
    ),
    Subject("stock", "stock MCPServer, no-op, 32 connections", "calls/s"),
    Subject("stock_low", "stock low-level Server, no-op", "calls/s", against="stock"),
    Subject(
        "check_balance",
        "MCP check_balance, 32 connections",
        "calls/s",
        against="stock",
        beside=("stock_low",),
        goal=Goal(0.8, 1.2),
        books="postgres",
    ),
    Subject(
        "charge_usage",
        "MCP charge_usage, 32 connections, one wallet",
        "calls/s",
        against="stock",
        beside=("stock_low", "orm"),
        goal=Goal(0.5, 1.0),
        books="postgres",
    ),
    Subject(
        "charge_keyed",
        "the same, with an idempotency key beside the event id",
        "calls/s",
        against="stock",
        books="postgres",
    ),
    Subject(
        "charge_spread",
        "MCP charge_usage, 8 projects, one process",
        "calls/s",
        against="stock",
        books="postgres",
    ),
    Subject(
        "charge_spread_two",
        "the same through two processes on one PostgreSQL",
        "calls/s",
        against="charge_spread",
        books="postgres",
    ),
    Subject(
        "sqlite_charge_usage",
        "MCP charge_usage, one wallet, SQLite",
        "calls/s",
        against="charge_usage",
        beside=("stock",),
        books="sqlite_served",
    ),
    Subject("stock_session", "stock MCPServer, no-op, handshake-era sessions", "calls/s"),
    Subject(
        "stock_low_session",
        "stock low-level Server, no-op, sessions",
        "calls/s",
        against="stock_session",
    ),
    Subject(
        "check_balance_session",
        "MCP check_balance, sessions",
        "calls/s",
        against="stock_session",
        goal=Goal(0.8, 1.2),
        books="postgres",
    ),
    Subject(
        "charge_usage_session",
        "MCP charge_usage, sessions, one wallet",
        "calls/s",
        against="stock_session",
        goal=Goal(0.5, 1.0),
        books="postgres",
    ),
    Subject("raw_copy", "raw COPY, 1,000 rows a commit, 1 connection", "events/s"),
    Subject("raw_insert", "raw set-based insert with dedupe, 1 connection", "events/s"),
    Subject(
        "record_usage",
        "HTTP record_usage, 1,000 events a call, 4 connections",
        "events/s",
        against="raw_insert",
        beside=("raw_copy",),
        goal=Goal(0.4, 0.7),
        books="postgres",
    ),
    Subject(
        "record_usage_mcp",
        "MCP record_usage, 100 events a call, 32 connections",
        "events/s",
        against="raw_insert",
        goal=Goal(0.3, 0.6),
        books="postgres",
    ),
    Subject(
        "sqlite_record_usage",
        "HTTP record_usage, 1,000 events a call, SQLite",
        "events/s",
        against="record_usage",
        books="sqlite_served",
    ),
)

LATENCY = Subject(
    "latency",
    "p99 of MCP charge_usage at half its peak, constant arrivals",
    "ms",
    goal=Goal(50, 15, "ms", lower_is_better=True),
    books="postgres",
)
WEBHOOKS = Subject(
    "webhooks",
    "Stripe webhooks verified, stored and answered, 16 connections, the worker busy with them",
    "deliveries/s",
    goal=Goal(300, 1_000, "/s"),
    books="postgres",
)
WEBHOOK_LATENCY = Subject(
    "webhook_latency",
    "p99 of their answers at 300 a second, constant arrivals, the worker busy",
    "ms",
    goal=Goal(50, 15, "ms", lower_is_better=True),
    books="postgres",
)
EVENTS_FOR_RATING = 1_000_000
"""With fewer events the goal says nothing."""
RENEWALS_FOR_GOAL = 10_000
CALLS_FOR_MEMORY, CALLS_FOR_DISK = 1_000_000, 10_000
"""After fewer calls the goal says nothing: memory is not warm, and tables grow by many pages."""


def month(events: int) -> Subject:
    return Subject(
        "month_rated",
        f"a month of {events:,} usage events, rated through its sums",
        "ms",
        goal=Goal(1000, 100, "ms", lower_is_better=True) if events >= EVENTS_FOR_RATING else None,
    )


def renewals(number: int) -> Subject:
    """Say what renewing so many subscriptions in one go is held against."""
    judged = number >= RENEWALS_FOR_GOAL
    return Subject(
        "renewals",
        f"{number:,} subscriptions due in one minute: rated, finalized, posted",
        "s",
        goal=Goal(60, 30, "s", lower_is_better=True) if judged else None,
        books="postgres",
    )


def memory(calls: int) -> Subject:
    return Subject(
        "memory",
        f"memory of a serving process over {calls:,} calls: largest drift after a tenth",
        "%",
        goal=Goal(10, None, "%", lower_is_better=True) if calls >= CALLS_FOR_MEMORY else None,
        books="postgres",
    )


def disk(calls: int) -> Subject:
    return Subject(
        "disk",
        f"disk per charge, over {calls:,}: a transaction, two entries, their indexes",
        "B",
        goal=Goal(1000, 600, "B", lower_is_better=True) if calls >= CALLS_FOR_DISK else None,
        books="postgres",
    )


GROWTH = Goal(0.75, 0.9)
