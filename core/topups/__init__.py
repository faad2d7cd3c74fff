"""Auto top-up: packs bought by themselves when a wallet runs low. See README.md."""

from core.topups.beginning import begin
from core.topups.jobs import FALLS_DUE, JOBS, SCHEDULES, watch_wallets
from core.topups.paying import PAGES, pay_top_up

__all__ = ["FALLS_DUE", "JOBS", "PAGES", "SCHEDULES", "begin", "pay_top_up", "watch_wallets"]
