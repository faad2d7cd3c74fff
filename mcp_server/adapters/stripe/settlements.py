"""Balance transactions and payouts: what Stripe keeps of what was paid, and hands over."""

from collections.abc import AsyncIterator

from core.payments import Payout, ProcessorTransaction, Window
from mcp_server.adapters.stripe.calling import Part
from mcp_server.adapters.stripe.history import within


class SettlementsAtStripe(Part):
    async def read_processor_transaction(self, transaction_id: str) -> ProcessorTransaction:
        told = await self._calls.ask(
            "read a balance transaction",
            lambda: self._v1.balance_transactions.retrieve_async(transaction_id),
        )
        return self._read.processor_transaction(told)

    async def processor_transactions_in(
        self, window: Window
    ) -> AsyncIterator[ProcessorTransaction]:
        listed, made = self._v1.balance_transactions.list_async, within(window)
        async for told in self._calls.pages(
            "list balance transactions", lambda at: listed({**made, **at})
        ):
            yield self._read.processor_transaction(told)

    async def read_payout(self, payout_id: str) -> Payout:
        told = await self._calls.ask(
            "read a payout", lambda: self._v1.payouts.retrieve_async(payout_id)
        )
        return self._read.payout(told)

    async def payouts_in(self, window: Window) -> AsyncIterator[Payout]:
        listed, made = self._v1.payouts.list_async, within(window)
        async for told in self._calls.pages("list payouts", lambda at: listed({**made, **at})):
            yield self._read.payout(told)

    async def paid_out_by(self, payout_id: str) -> AsyncIterator[ProcessorTransaction]:
        listed = self._v1.balance_transactions.list_async
        async for told in self._calls.pages(
            "list what was paid out", lambda at: listed({"payout": payout_id, **at})
        ):
            yield self._read.processor_transaction(told)
