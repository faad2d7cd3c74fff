"""Quoting: what something would cost, and why something cost what it did. See README.md."""

from core.quoting.operations import preview_price
from core.quoting.previewing import preview
from core.quoting.shapes import PreviewPrice, PricePreview

__all__ = ["PreviewPrice", "PricePreview", "preview", "preview_price"]
