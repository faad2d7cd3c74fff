"""What a request asked for: Stripe's form encoding, and parameters that notice what nobody read.

A handler reads the parameters it knows. What is left over when it has finished was never a
parameter, and is refused as Stripe refuses it, so that a typo does not pass for an option.
"""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

from mcp_server.sandbox.errors import Refused, absent

KEYS = re.compile(r"\[|\]\[|\]")


def decode_form(text: str) -> dict[str, Any]:
    """Read `items[0][price]=x&expand[]=y` into dictionaries and lists."""
    root: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        keys = [part for part in KEYS.split(name) if part] if "[" in name else [name]
        place = root
        for key in keys[:-1]:
            inner = place.setdefault(key, {})
            if not isinstance(inner, dict):
                raise Refused(f"Invalid {name}", param=name)
            place = inner
        if name.endswith("[]"):
            place = place.setdefault(keys[-1], {})
            place[str(len(place))] = value
        else:
            place[keys[-1]] = value
    return {name: _with_lists(value) for name, value in root.items()}


def _with_lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if value and all(key.isdigit() for key in value):
        return [_with_lists(value[key]) for key in sorted(value, key=int)]
    return {key: _with_lists(inner) for key, inner in value.items()}


class Params:
    """Parameters by name. `""` unsets, and reads as None that was given."""

    def __init__(self, values: dict[str, Any], within: str = "") -> None:
        self.values = values
        self._within = within
        self._read: set[str] = set()
        self._parts: list[Params] = []

    def name(self, name: str) -> str:
        return f"{self._within}[{name}]" if self._within else name

    def given(self, name: str) -> bool:
        return name in self.values

    def text(self, name: str) -> str | None:
        value = self._take(name)
        if isinstance(value, dict | list):
            raise Refused(f"Invalid string: {value}", param=self.name(name))
        return None if value in {None, ""} else str(value)

    def text_or(self, name: str, default: str) -> str:
        return self.text(name) or default

    def needed(self, name: str) -> str:
        if (value := self.text(name)) is None:
            raise absent(self.name(name))
        return value

    def integer(self, name: str) -> int | None:
        value = self.text(name)
        if value is None:
            return None
        if not re.fullmatch(r"-?\d{1,18}", value):
            raise Refused(
                f"Invalid integer: {value}",
                code="parameter_invalid_integer",
                param=self.name(name),
            )
        return int(value)

    def integer_or(self, name: str, default: int) -> int:
        value = self.integer(name)
        return default if value is None else value

    def flag(self, name: str, *, default: bool = False) -> bool:
        value = self._take(name)
        if value is None or value == "":
            return default
        if value in {True, "true", "True"}:
            return True
        if value in {False, "false", "False"}:
            return False
        raise Refused(f"Invalid boolean: {value}", param=self.name(name))

    def choice(self, name: str, *allowed: str) -> str | None:
        value = self.text(name)
        if value is not None and value not in allowed:
            raise Refused(
                f"Invalid {self.name(name)}: must be one of {', '.join(allowed)}",
                param=self.name(name),
            )
        return value

    def texts(self, name: str) -> list[str]:
        value = self._take(name)
        if value in (None, ""):
            return []
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise Refused("Invalid array", param=self.name(name))
        return value

    def mapping(self, name: str) -> dict[str, str]:
        """Read pairs of texts, as metadata is; an empty value takes the pair away."""
        value = self._take(name)
        if value in (None, ""):
            return {}
        if not isinstance(value, dict) or any(isinstance(v, dict | list) for v in value.values()):
            raise Refused("Invalid hash", param=self.name(name))
        return {key: str(inner) for key, inner in value.items()}

    def part(self, name: str) -> "Params | None":
        value = self._take(name)
        if value in (None, ""):
            return None
        if not isinstance(value, dict):
            raise Refused("Invalid object", param=self.name(name))
        return self._inner(value, name)

    def part_or_none(self, name: str) -> "Params":
        """Read a part that may be absent as one in which nothing is given."""
        return self.part(name) or Params({}, self.name(name))

    def parts(self, name: str) -> list["Params"]:
        value = self._take(name)
        if value in (None, ""):
            return []
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise Refused("Invalid array", param=self.name(name))
        return [self._inner(each, f"{name}][{n}") for n, each in enumerate(value)]

    def raw(self, name: str) -> Any:
        return self._take(name)

    def ignore(self, *names: str) -> None:
        """Know these, and do nothing about them."""
        self._read.update(names)

    def finish(self) -> None:
        """Refuse what nobody has read."""
        for unknown in self.unread():
            raise Refused(
                f"Received unknown parameter: {unknown}", code="parameter_unknown", param=unknown
            )

    def unread(self) -> Iterator[str]:
        """Name what was given and never asked for, in the parts too."""
        yield from (self.name(name) for name in self.values if name not in self._read)
        for part in self._parts:
            yield from part.unread()

    def _take(self, name: str) -> Any:
        self._read.add(name)
        return self.values.get(name)

    def _inner(self, values: dict[str, Any], name: str) -> "Params":
        within = f"{self._within}[{name}]" if self._within else name.replace("][", "[", 1)
        if "][" in name and not self._within:
            within += "]"
        part = Params(values, within)
        self._parts.append(part)
        return part
