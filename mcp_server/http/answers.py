"""Write answers: JSON bodies, problems, and the headers beside them. Header names live here."""

import math
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import orjson
from starlette.responses import Response

from core.kernel.errors import EngineError
from core.operations import RateLimited
from core.operations.limits import Rate, Verdict
from mcp_server.problems import headers as retry_headers
from mcp_server.problems import problem

PROBLEM = "application/problem+json"
IDEMPOTENCY_KEY = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
REQUEST_ID = "X-Request-Id"
RATE_LIMIT = "RateLimit"
RATE_LIMIT_POLICY = "RateLimit-Policy"


def told(body: Mapping[str, Any], status: int, headers: Mapping[str, str]) -> Response:
    """Answer with JSON. What is told to one caller is no cache's business."""
    return Response(
        orjson.dumps(body),
        status,
        {"Cache-Control": "no-store", **headers},
        media_type="application/json",
    )


def refused(error: EngineError, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with a problem."""
    body = problem(error)
    return Response(
        orjson.dumps(body),
        body["status"],
        {"Cache-Control": "no-store", **retry_headers(error), **(headers or {})},
        media_type=PROBLEM,
    )


def rate_headers(
    policy: str, rate: Rate, verdict: Verdict | None, error: EngineError | None
) -> dict[str, str]:
    """Tell what is left (draft-ietf-httpapi-ratelimit-headers-11), so that nobody has to guess."""
    if verdict is not None:
        remaining, seconds = verdict.remaining, math.ceil(verdict.reset_after)
    elif isinstance(error, RateLimited):
        remaining, seconds = 0, error.retry_after
    else:
        return {}
    return {
        RATE_LIMIT_POLICY: f'"{policy}";q={rate.calls};w={rate.seconds}',
        RATE_LIMIT: f'"{policy}";r={remaining};t={seconds}',
    }


def next_link(url: str, pairs: list[tuple[str, str]], cursor: str) -> dict[str, str]:
    """Point at the next page of the same list (RFC 8288)."""
    query = [(name, value) for name, value in pairs if name != "cursor"] + [("cursor", cursor)]
    return {"Link": f'<{url}?{urlencode(query)}>; rel="next"'}
