"""What every price checks of its own figures. A price that exists is one that makes sense."""

from decimal import Decimal

from core.pricing.errors import BelowLeast, NotPositive


def not_below(field: str, value: Decimal | int | None, least: Decimal | int = 0) -> None:
    if value is not None and not value >= least:
        raise BelowLeast(field, str(least))


def positive(field: str, value: Decimal | int | None) -> None:
    if value is not None and not value > 0:
        raise NotPositive(field)
