"""Whatever sets pages keeps the promises of the port."""

import hashlib

import pytest

from core.printing import Renderer, Sheet
from mcp_server.adapters.typst_pdf import TypstRenderer
from tests.fakes.renderer import FakeRenderer

SHEET: Sheet = {
    "language": "de",
    "title": "Rechnung INV-2026-000001",
    "facts": [["Datum", "20.11.2026"]],
    "seller": ["Acme GmbH", "Hauptstr. 1", "DE136695976"],
    "buyer": ["Ada & Söhne", 'He said "#panic()" and *left*'],
    "headings": ["Beschreibung", "Menge", "Einzelpreis", "Betrag"],
    "lines": [
        {
            "description": '#read("/etc/passwd") $x$',
            "period": "01.11.2026 - 01.12.2026",
            "quantity": "3",
            "unit": "10",
            "amount": "30,00 USD",
        }
    ],
    "sums": [["Netto", "30,00 USD"], ["Gesamt", "30,00 USD"]],
    "notes": ["Reverse charge"],
    "footer": "",
    "issued_at": 1_795_000_000,
}

on_both = pytest.mark.parametrize(
    "renderer", [FakeRenderer(), TypstRenderer()], ids=["fake", "typst"]
)


def hashed(renderer: Renderer, sheet: Sheet) -> str:
    return hashlib.sha256(renderer.render(sheet)).hexdigest()


@on_both
def test_the_same_sheet_makes_the_same_bytes(renderer: Renderer) -> None:
    assert renderer.render(SHEET).startswith(b"%PDF-")
    assert hashed(renderer, SHEET) == hashed(renderer, SHEET) == hashed(type(renderer)(), SHEET)
    assert 0 < len(renderer.name) <= 80


@on_both
@pytest.mark.parametrize("change", [{"title": "Another"}, {"issued_at": 1_795_000_001}])
def test_another_sheet_makes_other_bytes(renderer: Renderer, change: Sheet) -> None:
    assert hashed(renderer, {**SHEET, **change}) != hashed(renderer, SHEET)


@on_both
def test_a_long_bill_goes_on_on_the_next_page(renderer: Renderer) -> None:
    long = {**SHEET, "lines": [SHEET["lines"][0]] * 200}

    assert len(renderer.render(long)) > len(renderer.render(SHEET))
