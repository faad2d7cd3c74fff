"""Arrears: what was used in a period, billed once it is over. See README.md."""

from core.arrears.finalizing import LATE_MAX, bill_usage
from core.arrears.following import follow, waits
from core.arrears.keeping import run_of
from core.arrears.lines import is_ours, usage_lines
from core.arrears.model import Holding, Kind, Part, Thresholds, Turn, Usage
from core.arrears.needing import Needs, needs, together
from core.arrears.previewing import Preview, preview
from core.arrears.progressing import FALLING_DUE, SCHEDULES, watch_usage
from core.arrears.proof import PROTECTED, prove
from core.arrears.rating import usage_items
from core.arrears.reading import buckets, usage_in

__all__ = [
    "FALLING_DUE",
    "LATE_MAX",
    "PROTECTED",
    "SCHEDULES",
    "Holding",
    "Kind",
    "Needs",
    "Part",
    "Preview",
    "Thresholds",
    "Turn",
    "Usage",
    "bill_usage",
    "buckets",
    "follow",
    "is_ours",
    "needs",
    "preview",
    "prove",
    "run_of",
    "together",
    "usage_in",
    "usage_items",
    "usage_lines",
    "waits",
    "watch_usage",
]
