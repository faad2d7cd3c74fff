"""The words of a page in each language, and how numbers and days are written in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

_NAMES = (
    *("invoice", "credit_note", "issued_on", "of_invoice", "description", "quantity", "unit"),
    *("amount", "subtotal", "discount", "net", "total"),
)


@dataclass(frozen=True, slots=True)
class Language:
    code: str
    words: Mapping[str, str]
    point: str
    """Between whole units and their parts."""
    thousands: str
    days: str
    """As `date.strftime` reads it."""

    def number(self, decimal: str) -> str:
        """Write a decimal number, without changing any of its digits."""
        sign = "-" if decimal.startswith("-") else ""
        whole, _, part = decimal.removeprefix("-").partition(".")
        grouped = f"{int(whole):,}".replace(",", self.thousands)
        return f"{sign}{grouped}{self.point if part else ''}{part}"

    def day(self, day: date) -> str:
        return day.strftime(self.days)


def _language(code: str, words: str, point: str, thousands: str, *, days: str) -> Language:
    told = dict(zip(_NAMES, words.split(" | "), strict=True))
    return Language(code, told, point, thousands, days)


_NARROW = "\N{NARROW NO-BREAK SPACE}"

LANGUAGES = {
    each.code: each
    for each in (
        _language(
            "en",
            "Invoice | Credit note | Issued on | Of invoice | Description | Quantity | Unit price"
            " | Amount | Subtotal | Discount | Net | Total",
            ".",
            ",",
            days="%Y-%m-%d",
        ),
        _language(
            "de",
            "Rechnung | Gutschrift | Datum | Zu Rechnung | Beschreibung | Menge | Einzelpreis"
            " | Betrag | Zwischensumme | Rabatt | Netto | Gesamt",
            ",",
            ".",
            days="%d.%m.%Y",
        ),
        _language(
            "fr",
            "Facture | Avoir | Date | De la facture | Description | Quantité | Prix unitaire"
            " | Montant | Sous-total | Remise | Net | Total",
            ",",
            _NARROW,
            days="%d/%m/%Y",
        ),
        _language(
            "es",
            "Factura | Nota de crédito | Fecha | De la factura | Descripción | Cantidad"
            " | Precio unitario | Importe | Subtotal | Descuento | Neto | Total",
            ",",
            ".",
            days="%d/%m/%Y",
        ),
    )
}
