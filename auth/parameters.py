"""Read request parameters as RFC 6749 §3.1 and §3.2 want: once each, and an empty one is none."""

from dataclasses import dataclass
from urllib.parse import parse_qsl

from auth.errors import InvalidRequestError

BYTES_MAX = 32_768
FIELDS_MAX = 60


@dataclass(frozen=True, slots=True)
class Parameters:
    """What was sent. `resource` alone may be sent more than once (RFC 8707 §2)."""

    values: dict[str, str]
    resources: tuple[str, ...] = ()
    repeated: frozenset[str] = frozenset()

    def get(self, name: str) -> str | None:
        return self.values.get(name) or None

    def require(self, name: str) -> str:
        value = self.get(name)
        if value is None:
            raise InvalidRequestError(f"{name} is required.")
        return value

    def refuse_repeated(self) -> None:
        if self.repeated:
            raise InvalidRequestError("A parameter is repeated.")


def parse(encoded: str) -> Parameters:
    """Read a query string or a form. What no database can hold is refused here."""
    if len(encoded) > BYTES_MAX:
        raise InvalidRequestError("The request is too long.")
    try:
        pairs = parse_qsl(encoded, keep_blank_values=True, max_num_fields=FIELDS_MAX)
    except ValueError:
        raise InvalidRequestError("The request has too many parameters.") from None
    values: dict[str, str] = {}
    repeated, resources = set(), []
    for name, value in pairs:
        if any(ord(character) < 32 for character in name + value):
            raise InvalidRequestError("A parameter contains a control character.")
        if name == "resource":
            resources.append(value)
        elif name in values:
            repeated.add(name)
        else:
            values[name] = value
    return Parameters(values, tuple(filter(None, resources)), frozenset(repeated))
