"""Take what Stripe tells us: read little, verify the raw bytes, store the event once, answer.

What it means is a worker's business. Whoever is not Stripe learns one word about why he is refused,
is counted, and leaves nothing behind. Nobody signs in here and no cookie is looked at: a signature
over the body is the authority, and each endpoint has secrets of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, request_response

from core.audit import Trail
from core.inbox import (
    DeliveryRefused,
    Endpoint,
    Intake,
    NotVerified,
    WebhookVerifier,
    read_body,
)
from core.kernel.errors import Busy
from mcp_server.http import answers, exchange
from mcp_server.http.bodies import BoundedBodies
from mcp_server.http.errors import BodyTooLarge, BodyTooSlow
from mcp_server.http.metrics import Metrics

PATHS = {Endpoint.SNAPSHOT: "/stripe/webhook", Endpoint.THIN: "/stripe/webhook/thin"}
SIGNATURE = "stripe-signature"
BODY_MAX = 1024 * 1024
"""Stripe's largest events are a tenth of this."""
SECONDS_MAX = 10
OPERATION = "stripe_webhook"
"""Under this name the trail counts who was turned away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StripeDoor:
    """What both endpoints need. One without a verifier is not there at all."""

    intake: Intake
    verifiers: Mapping[Endpoint, WebhookVerifier]
    metrics: Metrics
    trail: Trail

    async def take(self, http: Request, endpoint: Endpoint) -> Response:
        """Answer 200 once the event is committed, and also when it was before.

        Anything else makes Stripe come again, for three days: also 503, while the database is away.
        """
        seen = exchange.of(http.scope)
        seen.route, seen.operation = PATHS[endpoint], OPERATION
        try:
            outcome = await self._stored(http, endpoint)
        except (BodyTooLarge, BodyTooSlow, Busy) as error:
            self._count(endpoint, error.code)
            raise
        except (NotVerified, DeliveryRefused) as error:
            self._count(endpoint, error.reason)
            self.trail.count_flood("anonymous", OPERATION, error.reason)
            seen.code = DeliveryRefused.code
            return answers.refused(DeliveryRefused(error.reason))
        self._count(endpoint, outcome)
        return answers.told({"outcome": outcome}, 200, {})

    async def _stored(self, http: Request, endpoint: Endpoint) -> str:
        body = await http.body()
        header = exchange.headers_of(http.scope).get(SIGNATURE)
        self.verifiers[endpoint].verify(body, header)
        is_new = await self.intake.receive(read_body(body, endpoint), len(body))
        return "stored" if is_new else "duplicate"

    def _count(self, endpoint: Endpoint, outcome: str) -> None:
        self.metrics.delivered(str(endpoint), outcome)


def routes(door: StripeDoor) -> list[Route]:
    """Make a route for each endpoint that has a verifier."""
    return [_route(door, endpoint) for endpoint in door.verifiers]


def _route(door: StripeDoor, endpoint: Endpoint) -> Route:
    async def take(http: Request) -> Response:
        return await door.take(http, endpoint)

    # Bounded more narrowly than other bodies: nobody has said yet who they are.
    bounded = BoundedBodies(request_response(take), bytes_max=BODY_MAX, seconds_max=SECONDS_MAX)
    return Route(PATHS[endpoint], bounded, methods=["POST"])
