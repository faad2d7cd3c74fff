"""What a price asks of usage beside its sum: each transaction, groups, or windows. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from core.pricing import Credits, Matrix, Model, Per, Percentage, Price, Seats


@dataclass(frozen=True, slots=True)
class Needs:
    amounts: bool = False
    properties: tuple[str, ...] = ()
    windows: bool = False

    @property
    def only_sums(self) -> bool:
        """Whether the sums that are kept of usage say all that the price asks."""
        return not (self.amounts or self.properties or self.windows)


def needs(price: Price) -> Needs:
    within = _of(price.model)
    return replace(within, windows=True) if price.per is Per.WINDOW else within


def together(each: Iterable[Needs]) -> Needs:
    """Return what all of these need at once."""
    every = list(each)
    names = dict.fromkeys(name for one in every for name in one.properties)
    return Needs(
        amounts=any(one.amounts for one in every),
        properties=tuple(names),
        windows=any(one.windows for one in every),
    )


def _of(model: Model) -> Needs:
    if isinstance(model, Percentage):
        terms = (model.free_events, model.free_volume, model.minimum, model.maximum)
        return Needs(amounts=any(each is not None for each in terms))
    if isinstance(model, Seats | Credits):
        return needs(model.price)
    if isinstance(model, Matrix):
        prices = [cell.price for cell in model.cells]
        prices += [model.otherwise] if model.otherwise else []
        return together([Needs(properties=model.properties), *map(needs, prices)])
    return Needs()
