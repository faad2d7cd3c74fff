"""Who sells and who buys, as an invoice says it. What was issued keeps what both were then."""

from dataclasses import dataclass, field
from datetime import timedelta
from zoneinfo import ZoneInfo

from core import taxing


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    lines: tuple[str, ...] = ()
    postal_code: str | None = None
    city: str | None = None
    region: str | None = None
    country: str | None = None
    """ISO 3166-1 alpha-2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingDetails:
    """What a project wants its invoices to say about it: its own to correct."""

    name: str | None = None
    email: str | None = None
    language: str = "en"
    vat_id: str | None = None
    address: Address = field(default_factory=Address)
    is_tax_exempt: bool = False
    """Seen proven by the operator: no project says it of itself."""

    @property
    def buyer(self) -> taxing.Buyer:
        return taxing.Buyer(
            country=self.address.country,
            region=self.address.region,
            vat_id=self.vat_id,
            is_exempt=self.is_tax_exempt,
        )


NUMBERED = "{prefix}-{year}-{sequence:06d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalEntity:
    """Who issues invoices: its numbers have no gap, each series and year for itself."""

    key: str
    name: str
    address: Address
    vat_id: str | None = None
    email: str | None = None
    zone: str = "UTC"
    """Whose midnight a year begins at."""
    invoice_prefix: str = "INV"
    note_prefix: str = "CN"
    days_due: int = 14
    footer: str | None = None
    policy: taxing.Policy = taxing.PER_LINE
    rules: tuple[taxing.Rule, ...] = ()

    @property
    def seller(self) -> taxing.Seller:
        assert self.address.country, "a legal entity is somewhere"
        return taxing.Seller(
            country=self.address.country, region=self.address.region, vat_id=self.vat_id
        )

    @property
    def clock(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @property
    def time_to_pay(self) -> timedelta:
        return timedelta(days=self.days_due)

    def number(self, series: str, year: int, sequence: int) -> str:
        prefix = self.invoice_prefix if series == "invoice" else self.note_prefix
        return NUMBERED.format(prefix=prefix, year=year, sequence=sequence)
