"""What every price model promises: lines for usage, exact and not yet rounded."""

from collections.abc import Sequence
from typing import ClassVar, Protocol

from core.pricing.line import Line
from core.pricing.usage import Usage


class Model(Protocol):
    """A way to make a price of usage. Frozen, and checked when it is made."""

    name: ClassVar[str]
    counts_units: ClassVar[bool]
    """Whether quantities are units of which some may be free or committed to."""

    def lines(self, usage: Usage) -> Sequence[Line]: ...
