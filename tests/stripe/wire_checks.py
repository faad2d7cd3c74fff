"""The adapter's way out, held against the types that Stripe generates for its SDK."""

from collections.abc import Mapping
from typing import Any

from mcp_server.adapters.stripe.wire import Httpx2Client


class Checked(Httpx2Client):
    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        return await super().request_async(method, url, headers, post_data)
