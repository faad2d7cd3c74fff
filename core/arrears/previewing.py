"""What the next invoice of a subscription would have of usage, if its period ended now."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.arrears import keeping, lines
from core.db.work import Work
from core.invoicing import Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """Lines as they would be drawn up; none of it is claimed, and nothing is written."""

    lines: Sequence[Line]


async def preview(work: Work, subscription_id: str) -> Preview:
    """Return what was used so far, what of it is billed, and what is late of periods before."""
    run = await keeping.run_of(work, subscription_id)
    if run is None:
        return Preview(lines=())
    return Preview(lines=await lines.usage_lines(work, run.usage))
