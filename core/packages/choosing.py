"""Choose from a package: which of its optional parts, and how many of each. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from core.packages.errors import ChoiceRefused
from core.packages.model import Package, Part, Terms

Problem = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Chosen:
    """So many of one part."""

    part: Part
    quantity: int


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody takes of a package: every required part, and the options they chose."""

    package: Package
    parts: tuple[Chosen, ...]
    """In the package's order."""


def choose(package: Package, options: Sequence[str], quantities: Mapping[str, int]) -> Choice:
    """Return what is taken: the required parts and these options, in these quantities.

    Where no quantity is given it is the part's own. Raises ChoiceRefused with the path of all that
    is wrong: a part that there is not, a required one that is left out, too few or too many of one.
    """
    terms, taken = package.terms, frozenset(options)
    problems = [*_of_options(terms, options), *_of_quantities(terms, taken, quantities)]
    if problems:
        told = [{"field": field, "problem": what} for field, what in problems]
        raise ChoiceRefused(package.key, told)
    chosen = [
        Chosen(each, quantities.get(each.key, each.quantity))
        for each in terms.parts
        if each.required or each.key in taken
    ]
    return Choice(package, tuple(chosen))


def _of_options(terms: Terms, options: Sequence[str]) -> Iterator[Problem]:
    optional = [each.key for each in terms.parts if not each.required]
    for n, key in enumerate(options):
        if terms.part(key) is None:
            told = ", ".join(optional) or "there is none"
            yield f"options.{n}", f"must be an optional part of the package: {told}"
        elif key in options[:n]:
            yield f"options.{n}", "must not be named twice; say how many in quantities"


def _of_quantities(
    terms: Terms, taken: frozenset[str], quantities: Mapping[str, int]
) -> Iterator[Problem]:
    for key, quantity in quantities.items():
        path, part = f"quantities.{key}", terms.part(key)
        if part is None:
            told = ", ".join(each.key for each in terms.parts)
            yield path, f"must be of a part of the package: {told}"
        elif part.required and quantity == 0:
            yield path, f"must be at least {part.at_least}: the part is required"
        elif not part.required and key not in taken:
            yield path, "must be left out, or the part be named in options"
        elif not part.at_least <= quantity <= part.at_most:
            yield path, f"must be from {part.at_least} to {part.at_most}"
