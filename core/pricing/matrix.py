"""Matrix: a price for each combination of event properties, and perhaps one for all others."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from core.pricing.errors import (
    CellRepeated,
    CellUnclear,
    GroupsMissing,
    NoPriceForGroup,
    PropertiesUnclear,
)
from core.pricing.line import Line, under
from core.pricing.usage import Usage

if TYPE_CHECKING:
    from core.pricing.price import Price

_Key = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """The price of what was used with these values of the matrix's properties."""

    when: tuple[tuple[str, str], ...]
    price: "Price"


@dataclass(frozen=True, slots=True)
class Matrix:
    name: ClassVar[str] = "matrix"
    counts_units: ClassVar[bool] = False

    properties: tuple[str, ...]
    cells: tuple[Cell, ...]
    otherwise: "Price | None" = None
    _places: dict[_Key, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.properties or len(set(self.properties)) < len(self.properties):
            raise PropertiesUnclear("properties")
        places: dict[_Key, int] = {}
        for n, cell in enumerate(self.cells):
            when = dict(cell.when)
            if when.keys() != set(self.properties):
                raise CellUnclear(f"cells.{n}.when", list(self.properties))
            if places.setdefault(tuple(when[name] for name in self.properties), n) != n:
                raise CellRepeated(f"cells.{n}.when")
        object.__setattr__(self, "_places", places)

    def lines(self, usage: Usage) -> list[Line]:
        """Rate all groups of a cell together, so that its tiers see the whole of them."""
        if usage.groups is None:
            raise GroupsMissing("groups", list(self.properties))
        by_place: dict[int, Usage] = {}
        for n, group in enumerate(usage.groups):
            place = self._place(n, group.properties)
            before = by_place.get(place)
            by_place[place] = before.more(group.usage) if before else group.usage
        return [
            line
            for place in sorted(by_place)
            for line in self._rated(place, by_place[place]._replace(is_closed=usage.is_closed))
        ]

    def _place(self, n: int, properties: Mapping[str, str]) -> int:
        place = self._places.get(tuple(properties.get(name) for name in self.properties))
        if place is not None:
            return place
        if self.otherwise is None:
            told = {name: properties[name] for name in self.properties if name in properties}
            raise NoPriceForGroup(f"groups.{n}.properties", told)
        return len(self.cells)

    def _rated(self, place: int, usage: Usage) -> list[Line]:
        if place < len(self.cells):
            return under(f"cells.{place}.price", self.cells[place].price.lines(usage))
        assert self.otherwise is not None, "a group without a cell was refused"
        return under("otherwise", self.otherwise.lines(usage))
