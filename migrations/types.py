"""Column types as migrations spell them; an architecture test holds them equal to the tables'."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql


def key() -> sa.types.TypeEngine[Any]:
    """Return 128 bits: UUID on Postgres, sixteen bytes on SQLite."""
    return sa.LargeBinary(16).with_variant(postgresql.UUID(), "postgresql")


def instant() -> sa.types.TypeEngine[Any]:
    """Return an instant with its zone."""
    return sa.DateTime(timezone=True)


def json() -> sa.types.TypeEngine[Any]:
    """Return JSON that can be looked into."""
    return sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
