"""Customers and the portal."""

from core.payments import Customer, CustomerDraft, PortalDraft
from mcp_server.adapters.stripe.calling import Part, given, options


class CustomersAtStripe(Part):
    async def save_customer(self, draft: CustomerDraft, *, key: str) -> Customer:
        fields = given(name=draft.name, email=draft.email, metadata=self._marked(draft.metadata))
        customers, known = self._v1.customers, draft.id
        told = await self._calls.ask(
            "save a customer",
            lambda: (
                customers.update_async(known, fields, options(key))
                if known
                else customers.create_async(fields, options(key))
            ),
        )
        return self._read.customer(told)

    async def read_customer(self, customer_id: str) -> Customer:
        return self._read.customer(
            await self._calls.ask(
                "read a customer", lambda: self._v1.customers.retrieve_async(customer_id)
            )
        )

    async def open_portal(self, draft: PortalDraft, *, key: str) -> str:
        fields = given(
            customer=draft.customer_id,
            return_url=draft.return_url,
            flow_data={"type": draft.flow} if draft.flow else None,
        )
        sessions = self._v1.billing_portal.sessions
        told = await self._calls.ask(
            "open the portal", lambda: sessions.create_async(fields, options(key))
        )
        return str(told["url"])
