"""The port: whoever sets a page. In our words, whatever sets the type."""

from dataclasses import dataclass
from typing import Protocol

from core.printing.sheet import Sheet


class Renderer(Protocol):
    @property
    def name(self) -> str:
        """Say what sets the page, in which version: another one may set other bytes."""

    def render(self, sheet: Sheet) -> bytes:
        """Return the page as a PDF: the same bytes for the same sheet, on every machine.

        Reads and writes nothing outside, and asks nobody.
        """


@dataclass(frozen=True, slots=True)
class Printer:
    """The installation's choice, as operations are given it."""

    renderer: Renderer
