"""Ask a person to pay, by a link that the person's client shows: elicitation in URL mode.

A client that declares it is not just told the address of a page in the answer, where a model might
do anything with it. The client asks its person, opens our own link, and calls again; the answer is
the checkout as it is then. The link is worth nothing to anybody else: it leads on only who is
signed in as the person for whom the page was asked, and the state that a client carries from one
round to the next is sealed to the principal and the call that it was given to.
"""

from typing import Any

import mcp_types as types
from mcp.server import ServerRequestContext
from mcp.shared.exceptions import UrlElicitationRequiredError

from core.checkouts import GO, ReturnPages
from core.operations.operation import Operation
from core.operations.perform import Outcome

OFFERED = frozenset({"create_checkout", "create_payment_method_setup"})
"""Tools that open a page for a person, and answer with a checkout."""
FOLLOWS = "get_checkout"
MODERN = "2026-07-28"
FIRST = "2025-11-25"
"""Before it, no client knew of links."""
MESSAGES = {
    "payment": "Pay {price} {currency} for {credits} {asset} on the payment page?",
    "setup": "Leave a payment method for later on the payment page?",
}

Context = ServerRequestContext[Any, Any]


def carried(
    operation: Operation[Any, Any], params: types.CallToolRequestParams
) -> dict[str, Any] | None:
    """Return what to ask get_checkout when a client calls again after its person saw the link.

    The state was sealed for this principal and this very call, so what it says is our own word.
    """
    if operation.name not in OFFERED or params.request_state is None:
        return None
    named = params.request_state.split(" ")
    return {"project_id": named[0], "checkout_id": named[-1]}


def offered(
    context: Context,
    operation: Operation[Any, Any],
    outcome: Outcome,
    pages: ReturnPages | None,
) -> types.InputRequiredResult | None:
    """Return what asks the client to show the link; None for whoever is just told the answer.

    A client of the handshake era repeats its whole call, so it is asked only where an idempotency
    key makes that the same checkout, and only the first time.
    """
    body = outcome.body
    if operation.name not in OFFERED or not body.get("url") or pages is None:
        return None
    able = context.session.client_capabilities
    if able is None or able.elicitation is None or able.elicitation.url is None:
        return None  # one that names no mode at all means forms
    link = pages.own(GO, project_id=body["project_id"], checkout_id=body["id"])
    message = MESSAGES[body["mode"]].format(**body)
    asked = types.ElicitRequestURLParams(message=message, url=link, elicitation_id=body["id"])
    if context.protocol_version >= MODERN:
        return types.InputRequiredResult(
            input_requests={"page": types.ElicitRequest(params=asked)},
            request_state=f"{body['project_id']} {body['id']}",
        )
    has_key = "idempotency_key" in ((context.params or {}).get("arguments") or {})
    if context.protocol_version >= FIRST and has_key and not outcome.replayed:
        raise UrlElicitationRequiredError([asked])
    return None
