"""Why a package is not made, found, chosen or priced."""

from dataclasses import dataclass

from core.kernel.errors import EngineError, Kind


@dataclass(eq=False)
class PackageNotFound(EngineError):
    """There is no package {package_key}. Call list_packages to see which there are."""

    code = "package_not_found"
    kind = Kind.NOT_FOUND
    package_key: str


@dataclass(eq=False)
class PackageKeyTaken(EngineError):
    """There is a package {package_key} already, perhaps an archived one. Choose another key."""

    code = "package_key_taken"
    kind = Kind.CONFLICT
    package_key: str


@dataclass(eq=False)
class PackageArchived(EngineError):
    """The package {package_key} was archived and is not sold any more."""

    code = "package_archived"
    kind = Kind.REFUSED
    package_key: str


@dataclass(eq=False)
class ChoiceRefused(EngineError):
    """The package {package_key} cannot be had like this: {summary}."""

    code = "package_choice_refused"
    kind = Kind.INVALID
    package_key: str
    problems: list[dict[str, str]]
    """One `{"field": …, "problem": …}` for each thing that is wrong."""

    def __str__(self) -> str:
        told = "; ".join(f"{each['field']}: {each['problem']}" for each in self.problems)
        return f"The package {self.package_key} cannot be had like this: {told}."


@dataclass(eq=False)
class PackageNotPriced(EngineError):
    """The package {package_key} has no price in {currency} now. It is sold in {sold_in}."""

    code = "package_not_priced"
    kind = Kind.REFUSED
    package_key: str
    currency: str
    sold_in: list[str]

    def __str__(self) -> str:
        sold = f" It is sold in {', '.join(self.sold_in)}." if self.sold_in else ""
        return f"The package {self.package_key} has no price in {self.currency} now.{sold}"
