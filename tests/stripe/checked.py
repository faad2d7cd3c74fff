"""The SDK's way out with both contracts held: what is sent, and what comes back."""

import json
from collections.abc import Mapping
from typing import Any

from mcp_server.adapters.stripe.wire import Httpx2Client
from tests.stripe import contract
from tests.stripe.responses import wrong_with


class Checked(Httpx2Client):
    """Sends nothing that Stripe's own types would not accept, and takes nothing else either."""

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        contract.check(method, url, headers.get("Content-Type"), post_data)
        body, status, told = await super().request_async(method, url, headers, post_data)
        answer = json.loads(body) if status == 200 else {}
        if "object" in answer:
            assert wrong_with(answer) == []
        return body, status, told
