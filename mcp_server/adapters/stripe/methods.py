"""Payment methods that customers have left with Stripe."""

from collections.abc import Sequence

from core.payments import Customer, Method, ProviderRefused
from mcp_server.adapters.stripe.calling import PAGE_SIZE, Part, options


class MethodsAtStripe(Part):
    async def list_methods(self, customer_id: str) -> Sequence[Method]:
        methods = self._v1.customers.payment_methods
        told = await self._calls.ask(
            "list methods", lambda: methods.list_async(customer_id, {"limit": PAGE_SIZE})
        )
        return [self._read.method(each) for each in told["data"]]

    async def read_method(self, method_id: str) -> Method:
        told = await self._calls.ask(
            "read a method", lambda: self._v1.payment_methods.retrieve_async(method_id)
        )
        return self._read.method(told)

    async def set_default_method(self, customer_id: str, method_id: str, *, key: str) -> Customer:
        fields = {"invoice_settings": {"default_payment_method": method_id}}
        told = await self._calls.ask(
            "set the default method",
            lambda: self._v1.customers.update_async(customer_id, fields, options(key)),
        )
        return self._read.customer(told)

    async def detach_method(self, method_id: str, *, key: str) -> Method:
        try:
            told = await self._calls.ask(
                "detach a method",
                lambda: self._v1.payment_methods.detach_async(method_id, {}, options(key)),
            )
        except ProviderRefused:
            found = await self.read_method(method_id)
            if found.customer_id is not None:
                raise
            return found
        return self._read.method(told)
