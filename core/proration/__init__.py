"""Proration: what part of a period costs, to the cent. See README.md for what it promises."""

from core.proration.aligning import calendar_cycle, cycle_on_day
from core.proration.billing import Due, due_in_advance
from core.proration.changing import (
    Behaviour,
    Changed,
    Policy,
    begin_plan,
    change_plan,
    end_plan,
)
from core.proration.counting import By, Owner, Settings, part_between, part_left, part_used
from core.proration.cycle import BillingPeriod, Cycle
from core.proration.direction import Direction, direction_of, monthly
from core.proration.errors import (
    ChangeOutsidePeriod,
    CurrencyDiffers,
    DayNotOfAnchor,
    FigureBelowZero,
    IntervalNotPositive,
    ItemRepeated,
    PercentTooHigh,
    PeriodEmpty,
)
from core.proration.interval import DAILY, MONTHLY, QUARTERLY, WEEKLY, YEARLY, Interval, Unit
from core.proration.line import Kind, Line, Prorated, Taxed
from core.proration.splitting import split_by_time
from core.proration.terms import AmountOff, Item, PercentOff, Tax, Terms, priced

__all__ = [
    "DAILY",
    "MONTHLY",
    "QUARTERLY",
    "WEEKLY",
    "YEARLY",
    "AmountOff",
    "Behaviour",
    "BillingPeriod",
    "By",
    "ChangeOutsidePeriod",
    "Changed",
    "CurrencyDiffers",
    "Cycle",
    "DayNotOfAnchor",
    "Direction",
    "Due",
    "FigureBelowZero",
    "Interval",
    "IntervalNotPositive",
    "Item",
    "ItemRepeated",
    "Kind",
    "Line",
    "Owner",
    "PercentOff",
    "PercentTooHigh",
    "PeriodEmpty",
    "Policy",
    "Prorated",
    "Settings",
    "Tax",
    "Taxed",
    "Terms",
    "Unit",
    "begin_plan",
    "calendar_cycle",
    "change_plan",
    "cycle_on_day",
    "direction_of",
    "due_in_advance",
    "end_plan",
    "monthly",
    "part_between",
    "part_left",
    "part_used",
    "priced",
    "split_by_time",
]
