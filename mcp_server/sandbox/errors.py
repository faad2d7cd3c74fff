"""What Stripe says when it says no: one exception, and the body that goes over the wire."""

from typing import Any

DOCS = "https://docs.stripe.com/error-codes/"


class Refused(Exception):
    """An error answer.

    `keeps` tells whether what was done before it stays done, as a declined payment does.
    """

    def __init__(
        self,
        message: str,
        *,
        type: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        status: int = 400,
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.keeps = type == "card_error"
        self.error: dict[str, Any] = {"type": type, "message": message}
        if code:
            self.error |= {"code": code, "doc_url": DOCS + code.replace("_", "-")}
        if param:
            self.error["param"] = param
        self.error |= more


def missing(kind: str, id: str, param: str = "id") -> Refused:
    words = kind.replace(".", " ").replace("_", "")
    return Refused(f"No such {words}: '{id}'", code="resource_missing", param=param, status=404)


def absent(param: str) -> Refused:
    return Refused(f"Missing required param: {param}.", code="parameter_missing", param=param)


def wrong_state(message: str, code: str, **more: Any) -> Refused:
    return Refused(message, code=code, **more)
