"""What only HTTP can get wrong: paths, methods, hosts, origins, and bodies that cannot be read."""

from dataclasses import dataclass

from core.kernel.errors import Kind
from mcp_server.problems import HttpError


@dataclass(eq=False)
class MalformedBody(HttpError):
    """The body could not be read as JSON: {problem}."""

    code = "malformed_body"
    kind = Kind.INVALID
    status = 400
    problem: str
    """What is wrong, and where; never what was sent."""


@dataclass(eq=False)
class UnsupportedBody(HttpError):
    """The body must be {expected}."""

    code = "unsupported_body"
    kind = Kind.INVALID
    status = 415
    expected: str = "JSON, sent as application/json without a content encoding"


@dataclass(eq=False)
class BodyTooLarge(HttpError):
    """The body is larger than the {limit_bytes} bytes this reads."""

    code = "body_too_large"
    kind = Kind.INVALID
    status = 413
    limit_bytes: int


@dataclass(eq=False)
class BodyTooSlow(HttpError):
    """The body did not arrive within {limit_seconds} seconds."""

    code = "body_too_slow"
    kind = Kind.INVALID
    status = 408
    limit_seconds: int


@dataclass(eq=False)
class NoSuchPath(HttpError):
    """There is nothing at this path. The documentation at /docs lists every path."""

    code = "no_such_path"
    kind = Kind.NOT_FOUND
    status = 404


@dataclass(eq=False)
class MethodNotAllowed(HttpError):
    """This path answers to other methods only: {allowed}."""

    code = "method_not_allowed"
    kind = Kind.INVALID
    status = 405
    allowed: list[str]


@dataclass(eq=False)
class UnknownHost(HttpError):
    """This server does not answer to the host that the request names."""

    code = "unknown_host"
    kind = Kind.REFUSED
    status = 421


@dataclass(eq=False)
class OriginRefused(HttpError):
    """Pages of this origin may not call this server. The operator can allow the origin."""

    code = "origin_refused"
    kind = Kind.FORBIDDEN
    status = 403


@dataclass(eq=False)
class Unacceptable(HttpError):
    """The request cannot be answered as it was sent (HTTP status {http_status})."""

    code = "unacceptable_request"
    kind = Kind.INVALID
    status = 400
    http_status: int


@dataclass(eq=False)
class InternalError(HttpError):
    """This is our mistake, and it was written down. Tell the operator the id {request_id}."""

    code = "internal_error"
    kind = Kind.BUSY
    status = 500
    request_id: str
