"""Set pages with typst: a PDF/A whose bytes depend on nothing but the sheet and the version.

The template is ours and the sheet is data: strings are shown, never read as markup. No font of the
machine is looked for, no package fetched, and no file read but the template.
"""

import json
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import typst

from core.printing import Sheet

_FOLDER = Path(__file__).with_name("typst_template")
_VERSION = version("typst")
EDITION = 1
"""Of the template: grows with every change of it, as the bytes do."""


class TypstRenderer:
    """A Renderer. It keeps nothing between pages."""

    @property
    def name(self) -> str:
        return f"typst {_VERSION}, template {EDITION}"

    def render(self, sheet: Sheet) -> bytes:
        return typst.compile(
            _FOLDER / "invoice.typ",
            root=_FOLDER,
            ignore_system_fonts=True,
            format="pdf",
            sys_inputs={"sheet": json.dumps(sheet, ensure_ascii=False, sort_keys=True)},
            pdf_standards=["a-3b"],
            timestamp=datetime.fromtimestamp(sheet["issued_at"], UTC),
        )
