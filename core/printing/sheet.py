"""What a page of an invoice or a credit note says: every word and figure, ready to be set.

Pure, and made of what was issued alone: so the same document makes the same page for ever.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from core.kernel.money import Asset, Money
from core.printing.words import LANGUAGES, Language

Sheet = Mapping[str, Any]


def sheet_of(document: Any, lines: Sequence[Any], *, about: str | None) -> Sheet:
    """Lay out a document that was issued. `about` is the number of the invoice that a note is of.

    In the buyer's language as it was on that day, and the seller's time zone.
    """
    language = LANGUAGES.get(document.buyer.get("language") or "", LANGUAGES["en"])
    zone, asset = ZoneInfo(document.seller["zone"]), Asset.parse(document.asset)
    words = language.words
    told = _Teller(language, asset, zone)
    title = words["credit_note" if document.kind == "credit_note" else "invoice"]
    return {
        "language": language.code,
        "title": f"{title} {document.number}",
        "facts": _facts(document, told, about),
        "seller": _party(document.seller),
        "buyer": _party(document.buyer),
        "headings": [words[each] for each in ("description", "quantity", "unit", "amount")],
        "lines": [_line(each, told) for each in lines],
        "sums": _sums(document, told),
        "notes": [each for each in (document.tax_note, document.reason) if each],
        "footer": document.seller.get("footer") or "",
        "issued_at": int(document.issued_at.timestamp()),
    }


class _Teller:
    """Says amounts and days as the language does."""

    def __init__(self, language: Language, asset: Asset, zone: ZoneInfo) -> None:
        self.language, self.asset, self._zone = language, asset, zone

    def amount(self, units: int) -> str:
        return f"{self.language.number(Money(units, self.asset).decimal)} {self.asset.code}"

    def day(self, at: datetime) -> str:
        return self.language.day(at.astimezone(self._zone).date())


def _facts(document: Any, told: _Teller, about: str | None) -> list[list[str]]:
    words = told.language.words
    facts = [[words["issued_on"], told.day(document.issued_at)]]
    if about:
        facts.append([words["of_invoice"], about])
    return facts


def _party(party: Mapping[str, Any]) -> list[str]:
    address = party["address"]
    city = " ".join(filter(None, (address["postal_code"], address["city"])))
    lines = [party["name"], *address["lines"], city, address["region"], address["country"]]
    lines += [party["vat_id"], party["email"]]
    return [each for each in lines if each]


def _line(row: Any, told: _Teller) -> Mapping[str, Any]:
    period = f"{told.day(row.start_at)} - {told.day(row.end_at)}" if row.start_at else ""
    number = told.language.number
    return {
        "description": row.description,
        "period": period,
        "quantity": number(row.quantity) if row.quantity else "",
        "unit": number(row.unit_amount) if row.unit_amount else "",
        "amount": told.amount(row.amount),
    }


def _sums(document: Any, told: _Teller) -> list[list[str]]:
    words, taxes = told.language.words, document.taxes
    sums = []
    if document.discount:
        sums.append([words["subtotal"], told.amount(document.subtotal)])
        sums.append([words["discount"], told.amount(-document.discount)])
    sums.append([words["net"], told.amount(document.net)])
    for each in taxes:
        percent = told.language.number(each["percent"])
        sums.append([f"{each['name']} {percent} %", told.amount(each["amount"])])
    return [*sums, [words["total"], told.amount(document.total)]]
