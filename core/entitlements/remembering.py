"""What one process remembers of what projects were given, so that asking costs one small look.

Nothing is believed because of its age. What a project was given is kept under the stamp that
stands in its row, and the row is read each time; whoever changes anything puts another stamp there,
in the unit of the change. So every process forgets at the commit, and nobody has to be told. What a
published version, a feature or a meter says never changes, and is kept until there is no room.
Usage is never kept.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from core.catalog import Feature
from core.entitlements.model import Held, Version
from core.metering import Meter

ENTRIES_MAX = 10_000

T = TypeVar("T")


class Kept(Generic[T]):
    """As many entries as there is room for; what was used least recently goes."""

    def __init__(self, entries_max: int = ENTRIES_MAX) -> None:
        self._entries: OrderedDict[str, T] = OrderedDict()
        self._entries_max = entries_max

    def get(self, key: str) -> T | None:
        if key not in self._entries:
            return None
        self._entries.move_to_end(key)
        return self._entries[key]

    def put(self, key: str, value: T) -> T:
        self._entries[key] = value
        self._entries.move_to_end(key)
        if len(self._entries) > self._entries_max:
            self._entries.popitem(last=False)
        return value


@dataclass(frozen=True, slots=True)
class Remembered:
    """One for each installation that a process has open. Without one, nothing is remembered."""

    held: Kept[tuple[str, Held]] = field(default_factory=Kept)
    """By project: the stamp it was read under, and what there was."""
    versions: Kept[Version] = field(default_factory=Kept)
    features: Kept[Feature] = field(default_factory=Kept)
    meters: Kept[Meter] = field(default_factory=Kept)
