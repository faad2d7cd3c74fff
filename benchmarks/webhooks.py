"""Webhooks as Stripe sends them: each of an event of its own, signed, over kept connections.

The events are of a type that nothing here acts on: the server stores each with its job, and its
worker takes up every one of them, while the next are coming in.
"""

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import orjson

from benchmarks.calls import NUMBER, numbered, told
from benchmarks.client import Answer, Lane, head_of
from benchmarks.load import Load
from core.inbox import Endpoint
from core.kernel.clock import SystemClock
from mcp_server.adapters.stripe import Signatures
from mcp_server.http.stripe_webhook import PATHS
from mcp_server.wiring import Installation

CONNECTIONS = 16
RATE = 300.0
"""A second, arriving at a constant rate, for the latency of answers."""
BYTES = 3_000
"""About what an event about a checkout or an invoice weighs."""


@dataclass(slots=True)
class SignedLane(Lane):
    """A lane that signs what it sends, at the second at which it does."""

    secret: bytes
    clock: SystemClock

    def request(self) -> bytes:
        body, seconds = self.new_body(), int(self.clock.now().timestamp())
        signed = hmac.new(self.secret, b"%d.%s" % (seconds, body), hashlib.sha256).hexdigest()
        return b"%sstripe-signature: t=%d,v1=%s\r\ncontent-length: %d\r\n\r\n%s" % (
            self.head,
            seconds,
            signed.encode(),
            len(body),
            body,
        )


def webhooks(
    port: int, secret: str, *, connections: int = CONNECTIONS, numbers: Iterator[int] | None = None
) -> Load:
    """Deliver events, every one of them new, to the endpoint of snapshots."""
    numbers, clock = numbers or count(1), SystemClock()
    body = orjson.dumps(_event(int(clock.now().timestamp())))
    head = head_of(port, PATHS[Endpoint.SNAPSHOT], user_agent="Stripe/1.0")
    new_body = numbered(body, numbers)
    return Load(
        lanes=[
            SignedLane(port, head, new_body, secret.encode(), clock) for _ in range(connections)
        ],
        check=_check,
    )


def secret_of(installation: Installation) -> str:
    """Return a secret with which the installation knows Stripe, or its stand-in."""
    verifier = installation.paying.verifiers[Endpoint.SNAPSHOT]
    assert isinstance(verifier, Signatures)
    return verifier.secrets[0]


def _event(created: int) -> dict[str, Any]:
    about = {"id": f"bench_{NUMBER}", "object": "bench.object", "metadata": {"note": "x" * BYTES}}
    return {
        "id": f"evt_bench_{NUMBER}",
        "object": "event",
        "api_version": "2026-10-28.endive",
        "created": created,
        "data": {"object": about},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": "bench.object.changed",
    }


def _check(answer: Answer) -> str:
    return "" if answer.status == 200 and b'"stored"' in answer.body else told(answer)
