"""Money: a whole number of an asset's smallest unit. There are no floats here."""

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache

LARGEST = 2**63 - 1
"""The databases count in signed 64-bit integers; a larger amount is refused, never wrapped."""

_ASSET = re.compile(r"^([A-Z][A-Z0-9]{1,15})/([0-9]|1[0-2])\Z")
_DECIMAL = re.compile(r"^-?(0|[1-9][0-9]{0,18})(\.[0-9]{1,12})?\Z")


@dataclass(frozen=True, slots=True)
class Asset:
    """What an account counts: a currency at a fixed scale (USD/2, USD/6) or a unit of credit."""

    code: str
    scale: int

    def __str__(self) -> str:
        return f"{self.code}/{self.scale}"

    @staticmethod
    def parse(text: str) -> "Asset":
        """Read `USD/2`. Anything else is a ValueError."""
        return _parse_asset(text)


@lru_cache(maxsize=256)
def _parse_asset(text: str) -> Asset:
    if not (match := _ASSET.match(text)):
        raise ValueError(f"{text!r} is not an asset; write a code and a scale, as in USD/2")
    return Asset(match[1], int(match[2]))


@dataclass(frozen=True, slots=True)
class Money:
    amount: int
    asset: Asset

    @classmethod
    def of(cls, text: str | Decimal, asset: Asset) -> "Money":
        """Read an exact decimal. A value finer than the asset's scale is refused, never rounded."""
        if isinstance(text, str) and not _DECIMAL.match(text):
            raise ValueError(f"{text!r} is not a decimal number")
        try:
            units = Decimal(text).scaleb(asset.scale)
            whole = int(units)
        except (InvalidOperation, ValueError, OverflowError):
            raise ValueError(f"{text!r} is not a decimal number") from None
        if units != whole:
            raise ValueError(f"{text} is finer than {asset} can hold")
        if abs(whole) > LARGEST:
            raise ValueError(f"{text} is more than {asset} can count")
        return cls(whole, asset)

    @property
    def decimal(self) -> str:
        """The amount as people write it, with every digit of the scale: `2.50`."""
        sign, units = "-" if self.amount < 0 else "", str(abs(self.amount))
        if not self.asset.scale:
            return sign + units
        units = units.rjust(self.asset.scale + 1, "0")
        return f"{sign}{units[: -self.asset.scale]}.{units[-self.asset.scale :]}"

    def __neg__(self) -> "Money":
        return Money(-self.amount, self.asset)

    def __str__(self) -> str:
        return f"{self.decimal} {self.asset.code}"
