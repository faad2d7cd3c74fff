"""Reading what was sent as a package's terms: what is wrong is said with the path of the field.

Everything that is named must be there: products, plans, price books. Problems are gathered, so that
one refusal names them all.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from core import catalog, pricing
from core.db.work import Work
from core.kernel.money import Money
from core.operations.errors import InvalidRequest
from core.packages.model import Part, Prices, Terms
from core.packages.shapes import PartForm

HUNDRED = Decimal(100)


@dataclass(slots=True)
class Reader:
    """Reads a package's terms, and gathers what is wrong with them."""

    books: Mapping[str, catalog.PriceBook]
    problems: list[dict[str, str]] = field(default_factory=list)

    def wrong(self, path: str, problem: str) -> None:
        self.problems.append({"field": path, "problem": problem})

    def terms(
        self,
        parts: Sequence[PartForm],
        prices: Mapping[str, Any] | None,
        percent: str | None,
        amounts: Mapping[str, str] | None,
    ) -> Terms | None:
        """Return the terms, or None where something is wrong."""
        read = tuple(self._part(n, each) for n, each in enumerate(parts))
        own = self._prices("prices", prices, 1)
        self._check_keys(read)
        off = None if percent is None else Decimal(percent)
        if off is not None and off > HUNDRED:
            self.wrong("discount_percent", "must not be more than 100")
        cut = self._amounts(amounts)
        terms = Terms(parts=read, prices=own, discount_percent=off, discount_amounts=cut)
        if not self.problems:
            self._check_pricing(terms)
        return None if self.problems else terms

    def _part(self, n: int, told: PartForm) -> Part:
        path = f"parts.{n}"
        at_least = told.quantity if told.at_least is None else told.at_least
        at_most = told.quantity if told.at_most is None else told.at_most
        if at_least > at_most:
            self.wrong(f"{path}.at_least", f"must not be more than at_most, {at_most}")
        elif not at_least <= told.quantity <= at_most:
            self.wrong(f"{path}.quantity", f"must be from {at_least} to {at_most}")
        return Part(
            key=told.key,
            product_key=told.product_key,
            plan_key=told.plan_key,
            required=told.required,
            quantity=told.quantity,
            at_least=at_least,
            at_most=at_most,
            prices=self._prices(f"{path}.prices", told.prices, at_least),
        )

    def _prices(self, path: str, told: Mapping[str, Any] | None, quantity: int) -> Prices | None:
        if told is None:
            return None
        read = {}
        if not told:
            self.wrong(path, "must name a price book; see list_price_books")
        for key, each in told.items():
            at = f"{path}.{key[:64]}"
            if key not in self.books:
                self.wrong(at, "must be a price book; see list_price_books")
                continue
            try:
                read[key] = pricing.read_price(each)
                # A price that asks for more than a number could never be told for a package.
                pricing.rate(read[key], Decimal(quantity), self.books[key].asset)
            except pricing.PriceNotReadable as error:
                for problem in error.problems:
                    where = problem["field"].removeprefix("price").strip(".")
                    self.wrong(".".join(filter(None, (at, where))), problem["problem"])
            except pricing.PriceRefused as error:
                error.field = f"{at}.{error.field}"
                self.wrong(error.field, str(error))
            except pricing.UsageRefused as error:
                self.wrong(at, f"must be a price of {quantity} and no more to say of it. {error}")
        return read

    def _amounts(self, told: Mapping[str, str] | None) -> dict[str, Money] | None:
        if told is None:
            return None
        read = {}
        for key, each in told.items():
            if key not in self.books:
                what = "must be a price book; see list_price_books"
                self.wrong(f"discount_amounts.{key[:64]}", what)
                continue
            try:
                read[key] = Money.of(each, self.books[key].asset)
            except ValueError as error:
                self.wrong(f"discount_amounts.{key}", str(error))
        return read

    def _check_keys(self, parts: Sequence[Part]) -> None:
        keys = [each.key for each in parts]
        for n, key in enumerate(keys):
            if key in keys[:n]:
                self.wrong(f"parts.{n}.key", f"is the key of parts.{keys.index(key)} already")
        if not any(each.required for each in parts):
            self.wrong("parts", "must hold one part at least that is required")

    def _check_pricing(self, terms: Terms) -> None:
        for path, problem in _of_pricing(terms):
            self.wrong(path, problem)
        if self.problems:
            return
        expected = terms.books
        for n, each in enumerate(terms.parts):
            for path, problem in _unlike(f"parts.{n}.prices", each.prices, expected):
                self.wrong(path, problem)
        for path, problem in _unlike("discount_amounts", terms.discount_amounts, expected):
            self.wrong(path, problem)


def _of_pricing(terms: Terms) -> Iterator[tuple[str, str]]:
    if terms.discount_percent is not None and terms.discount_amounts is not None:
        yield "discount_amounts", "must be left out where discount_percent is given"
    if terms.prices is not None:
        for name in ("discount_percent", "discount_amounts"):
            if getattr(terms, name) is not None:
                yield name, "must be left out: it is off the sum of the parts, not off a price"
        return
    for n, each in enumerate(terms.parts):
        if each.prices is None:
            yield f"parts.{n}.prices", "is required: the package costs the sum of its parts"


def _unlike(
    path: str, priced: Mapping[str, Any] | None, expected: frozenset[str]
) -> Iterator[tuple[str, str]]:
    """Everything is priced in the same books, so that a package has a price in each or none."""
    if priced is None:
        return
    told = ", ".join(sorted(expected))
    for key in sorted(expected - priced.keys()):
        yield f"{path}.{key}", f"is required: the package is priced in {told}"
    for key in sorted(priced.keys() - expected):
        yield f"{path}.{key}", f"must be left out: the package is priced in {told}"


async def read_terms(
    work: Work,
    parts: Sequence[PartForm],
    prices: Mapping[str, Any] | None,
    percent: str | None,
    amounts: Mapping[str, str] | None,
) -> Terms:
    """Read what a package says. Raises InvalidRequest for all that is wrong."""
    reader = Reader(await catalog.books(work))
    for n, each in enumerate(parts):
        async for path, problem in _of_catalog(work, each):
            reader.wrong(f"parts.{n}.{path}", problem)
    terms = reader.terms(parts, prices, percent, amounts)
    if terms is None:
        raise InvalidRequest(reader.problems)
    return terms


async def _of_catalog(work: Work, told: PartForm) -> Any:
    try:
        product = await catalog.find_product(work, told.product_key)
        if product.archived_at:
            yield "product_key", f"the product {product.key} was archived; choose another"
        plan = await catalog.find_plan(work, told.plan_key) if told.plan_key else None
    except catalog.ProductNotFound as error:
        yield "product_key", str(error)
    except catalog.PlanNotFound as error:
        yield "plan_key", str(error)
    else:
        if plan and plan.product_key != product.key:
            yield "plan_key", f"must be a plan of {product.key}, not of {plan.product_key}"
        elif plan and plan.archived_at:
            yield "plan_key", f"the plan {plan.key} was archived; choose another"
