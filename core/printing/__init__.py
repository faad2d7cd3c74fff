"""Printing: what was issued, as a page that is the same for ever. See README.md."""

from core.printing.printing import PRINTER, PROTECTED, SUBSCRIPTION, print_document, prove
from core.printing.renderer import Printer, Renderer
from core.printing.sheet import Sheet
from core.printing.words import LANGUAGES, Language

__all__ = [
    "LANGUAGES",
    "PRINTER",
    "PROTECTED",
    "SUBSCRIPTION",
    "Language",
    "Printer",
    "Renderer",
    "Sheet",
    "print_document",
    "prove",
]
