"""A renderer that sets no type: what the page says, as lines of text behind a PDF's first bytes."""

import json

from core.printing import Sheet


class FakeRenderer:
    name = "plain text"

    def render(self, sheet: Sheet) -> bytes:
        told = json.dumps(sheet, sort_keys=True, indent=1, ensure_ascii=False)
        return b"%PDF-" + told.encode()
