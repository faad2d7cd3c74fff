"""What can be paid at all, known before anybody is asked: currencies, least and largest amounts."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.kernel.money import Asset, Money
from core.payments.errors import (
    AmountNotPayable,
    AmountTooLarge,
    AmountTooSmall,
    CurrencyNotTaken,
)

SHOWN_MAX = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrencyLimit:
    """One currency as the provider counts it, in smallest units of `asset`."""

    asset: Asset
    least: int
    most: int
    step: int = 1
    """Amounts are whole multiples of this."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The currencies of a provider, by their code: `USD`."""

    currencies: Mapping[str, CurrencyLimit]

    def asset(self, code: str) -> Asset:
        """Return what the provider counts in for a currency. Raises CurrencyNotTaken."""
        if not (limit := self.currencies.get(code.upper())):
            raise self._not_taken(code.upper())
        return limit.asset

    def require(self, amount: Money) -> Money:
        """Return the amount if it can be paid, or raise why it cannot.

        The scale counts: USD/6 is not what anybody pays in.
        """
        limit = self.currencies.get(amount.asset.code)
        if not limit or limit.asset != amount.asset:
            raise self._not_taken(str(amount.asset))
        if amount.amount < limit.least:
            raise AmountTooSmall(amount, Money(limit.least, limit.asset))
        if amount.amount > limit.most:
            raise AmountTooLarge(amount, Money(limit.most, limit.asset))
        if amount.amount % limit.step:
            raise AmountNotPayable(amount, Money(limit.step, limit.asset))
        return amount

    def _not_taken(self, asset: str) -> CurrencyNotTaken:
        taken = sorted(str(each.asset) for each in self.currencies.values())
        more = ", …" if len(taken) > SHOWN_MAX else ""
        return CurrencyNotTaken(asset, ", ".join(taken[:SHOWN_MAX]) + more)
