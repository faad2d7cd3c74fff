"""Read and write YAML of which nothing can surprise: a small, safe part of the language.

Only null, true, false and whole numbers are more than text: `0.10` stays the text it is, so that no
price ever was a float, and `no` stays a word. Anchors, aliases and tags are refused, so that no
document is larger than it looks and none makes anything; so are repeated keys.
"""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from core.operations.errors import InvalidRequest, invalid

FIELD = "document"
CHARACTERS_MAX = 256 * 1024
DEPTH_MAX = 20
NODES_MAX = 50_000
_PLAIN: dict[str, Any] = {"": None, "~": None, "null": None, "true": True, "false": False}
_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,17})")


def read_yaml(text: str) -> Any:
    """Read one document. Raises InvalidRequest, which names the line where something is wrong."""
    if len(text) > CHARACTERS_MAX:
        raise invalid(FIELD, f"must have at most {CHARACTERS_MAX} characters")
    try:
        return _Reader(yaml.parse(text, Loader=_LOADER)).document()
    except yaml.MarkedYAMLError as error:
        raise _wrong(error.problem or "is not YAML", error.problem_mark) from error
    except yaml.YAMLError as error:
        raise invalid(FIELD, "is not YAML: it has a character that cannot be printed") from error


def write_yaml(value: Any) -> str:
    """Write it so that `read_yaml` reads the same, and always the same way."""
    return yaml.dump(
        value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100, line_break="\n"
    )


# The parser in C is many times as fast, where it is installed; both tell the same events.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        """Write twice what is there twice."""
        return True


class _Reader:
    """Makes values of the parser's events, which come one by one."""

    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events
        self._nodes = 0

    def document(self) -> Any:
        value: Any = None
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise _wrong("must be one document", event.start_mark)
                value = self._value(next(self._events), 0)
        return value

    def _value(self, event: Any, depth: int) -> Any:
        self._nodes += 1
        if self._nodes > NODES_MAX or depth > DEPTH_MAX:
            raise _wrong("holds too much, or too deep within itself", event.start_mark)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _wrong("must not have anchors or aliases; write it out", event.start_mark)
        if getattr(event, "tag", None):
            raise _wrong("must not have tags", event.start_mark)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(depth)
        if isinstance(event, yaml.SequenceStartEvent):
            return [*self._members(yaml.SequenceEndEvent, depth)]
        return _scalar(event)

    def _mapping(self, depth: int) -> dict[str, Any]:
        read: dict[str, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise _wrong("has a key that is not a word", event.start_mark)
            self._value(event, depth + 1)  # as a key it is text; refused like any other value
            if event.value in read:
                raise _wrong(f"has the key {event.value!r} twice", event.start_mark)
            read[event.value] = self._value(next(self._events), depth + 1)
        return read

    def _members(self, end: type, depth: int) -> Iterator[Any]:
        while not isinstance(event := next(self._events), end):
            yield self._value(event, depth + 1)


def _scalar(event: Any) -> Any:
    text: str = event.value
    if event.style:  # quoted, or a block: text as it stands
        return text
    if text in _PLAIN:
        return _PLAIN[text]
    return int(text) if _WHOLE.fullmatch(text) else text


def _wrong(what: str, mark: Any) -> InvalidRequest:
    where = f", in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    return invalid(FIELD, f"{what}{where}")
