"""Notice that a wallet changed, whichever replica changed it.

A unit that commits in this process can say so at once (`WalletFeed.notify`). What other replicas
commit is noticed by looking: one small query a second, and none while nobody listens.
"""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice

import anyio

from core import ledger
from core.db.work import Database
from core.kernel.caller import SYSTEM
from core.kernel.ids import renamed
from mcp_server.wallet_feed import Wallet, WalletFeed

LOOK_SECONDS = 1.0
AT_ONCE_MAX = 500

logger = logging.getLogger("bursar.mcp")


class WalletWatch:
    """Looks at the wallets that somebody listens to."""

    def __init__(self, database: Database, feed: WalletFeed) -> None:
        self._database = database
        self._feed = feed
        self._listeners: Counter[Wallet] = Counter()
        self._seen: dict[Wallet, ledger.Mark | None] = {}

    @contextmanager
    def listening(self, wallets: Sequence[Wallet]) -> Iterator[None]:
        """Watch these wallets while the block lasts."""
        self.begin(wallets)
        try:
            yield
        finally:
            self.end(wallets)

    def begin(self, wallets: Sequence[Wallet]) -> None:
        self._listeners.update(wallets)

    def end(self, wallets: Sequence[Wallet]) -> None:
        self._listeners.subtract(wallets)
        for each in wallets:
            if self._listeners[each] <= 0:
                del self._listeners[each]
                self._seen.pop(each, None)

    async def look(self) -> None:
        """Tell the feed of every watched wallet that changed since it was last looked at.

        One that is seen for the first time is only remembered.
        """
        watched = iter(tuple(self._listeners))
        while some := tuple(islice(watched, AT_ONCE_MAX)):
            accounts = {(project, ledger.wallet_account(wallet)) for project, wallet in some}
            async with self._database.read(SYSTEM) as work:
                found = await ledger.marks(work, sorted(accounts))
            for (project, account), mark in found.items():
                self._compare((project, renamed(account, "wal")), mark)

    async def run(self) -> None:
        """Look every second, until cancelled."""
        while True:
            await anyio.sleep(LOOK_SECONDS)
            try:
                await self.look()
            except Exception:
                # A database that is busy now is asked again in a second; the watch goes on.
                logger.exception("could not look for changed wallets")

    def _compare(self, wallet: Wallet, mark: ledger.Mark) -> None:
        if wallet not in self._listeners:
            return
        before, self._seen[wallet] = self._seen.get(wallet), mark
        if before is not None and before != mark:
            self._feed.notify(*wallet)
