"""Printing: what was issued, as a page that is the same for ever. See README.md."""

from core.printing.printing import PRINTER, PROTECTED, SUBSCRIPTION, print_document, prove
from core.printing.renderer import Printer, Renderer
from core.printing.sheet import Sheet

__all__ = [
    "PRINTER",
    "PROTECTED",
    "SUBSCRIPTION",
    "Printer",
    "Renderer",
    "Sheet",
    "print_document",
    "prove",
]
