"""Revenue: what recurs, what was earned and what is owed, of all projects. See README.md."""

from core.revenue.asking import ReportingZone
from core.revenue.gauges import FIGURES, figures
from core.revenue.proof import prove
from core.revenue.tallying import SCHEDULES, tally_books, tally_next

__all__ = [
    "FIGURES",
    "SCHEDULES",
    "ReportingZone",
    "figures",
    "prove",
    "tally_books",
    "tally_next",
]
