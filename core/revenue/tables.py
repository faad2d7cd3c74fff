"""The tables of revenue: what was booked, added up by the quarter hour, and how far that has come.

Everything here follows from the ledger and can be computed again; it is kept for speed alone. A
proof compares the two.
"""

from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, String, Table

from core.db.schema import Key, metadata

booked = Table(
    "revenue_booked",
    metadata,
    Column("asset", String(20), nullable=False),
    # Which of the operator's accounts, and by transactions of which kind.
    Column("role", String(16), nullable=False),
    Column("kind", String(24), nullable=False),
    # The quarter hour in which it was posted, counted from 1970: days of every zone begin with one.
    Column("quarter", BigInteger, nullable=False, autoincrement=False),
    # In smallest units, of all projects; what was credited is below zero, as in the ledger.
    Column("amount", BigInteger, nullable=False),
    PrimaryKeyConstraint("asset", "role", "kind", "quarter"),
)

marks = Table(
    "revenue_marks",
    metadata,
    Column("name", String(16), nullable=False),
    # The last transaction that is added up. What comes after it is read from the ledger.
    Column("transaction_id", Key("txn"), nullable=False),
    PrimaryKeyConstraint("name"),
)
