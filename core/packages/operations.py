"""What a caller can do with packages: operators bundle, everybody sees what a choice costs."""

from typing import Any

from core import catalog, pricing
from core.db import paging
from core.db.work import Work
from core.kernel.caller import PlatformRole, Role
from core.kernel.money import Asset
from core.operations.errors import invalid
from core.operations.operation import Effect, Example, operation
from core.operations.scopes import Toolset
from core.packages import changing, finding
from core.packages.choosing import choose
from core.packages.costing import cost
from core.packages.errors import (
    ChoiceRefused,
    PackageArchived,
    PackageKeyTaken,
    PackageNotFound,
    PackageNotPriced,
)
from core.packages.model import Package
from core.packages.reading import read_terms
from core.packages.shapes import (
    CreatePackage,
    GetPackage,
    ListPackages,
    NamedPackage,
    PackageList,
    PackagePreview,
    PackageView,
    PartForm,
    PreviewPackage,
    UpdatePackage,
)
from core.packages.views import package_view, preview_view
from core.packages.writing import write_terms

OFFICE = {
    "package_key": "office",
    "name": "Office",
    "parts": [
        {
            "key": "seats",
            "product_key": "app",
            "quantity": 5,
            "at_most": 99,
            "prices": {"usd": {"model": "per_unit", "unit": "12"}},
        },
        {
            "key": "support",
            "product_key": "support",
            "required": False,
            "prices": {"usd": {"model": "flat", "amount": "99"}},
        },
    ],
    "discount_percent": "10",
}
TAKEN_AWAY = {"description", "prices", "discount_percent", "discount_amounts"}
"""What null takes away; null says nothing of the rest."""
TERMS = ("parts", "prices", "discount_percent", "discount_amounts")


@operation(
    "POST /v1/packages",
    title="Create package",
    toolset=Toolset.CATALOG,
    effect=Effect.CREATE,
    platform=PlatformRole.OPERATOR,
    raises=(PackageKeyTaken,),
    examples=(Example(title="Seats, and support if wanted, for a tenth less", arguments=OFFICE),),
)
async def create_package(work: Work, request: CreatePackage) -> PackageView:
    """Bundle products for one price or for the sum of the parts less a discount. Operators only.

    All that is priced is priced in the same books. Try it with preview_package.
    """
    terms = await read_terms(
        work,
        request.parts,
        request.prices,
        request.discount_percent,
        request.discount_amounts,
    )
    package = Package(
        id=work.ids.new("pkg"),
        key=request.package_key,
        version=1,
        newest_version=1,
        name=request.name,
        description=request.description,
        terms=terms,
        created_at=work.now,
        archived_at=None,
    )
    return package_view(await changing.create(work, package))


@operation(
    "PATCH /v1/packages/{package_key}",
    title="Update package",
    toolset=Toolset.CATALOG,
    effect=Effect.CHANGE,
    platform=PlatformRole.OPERATOR,
    raises=(PackageNotFound, PackageArchived),
    examples=(
        Example(
            title="More off from now on",
            arguments={"package_key": "office", "discount_percent": "15"},
        ),
    ),
)
async def update_package(work: Work, request: UpdatePackage) -> PackageView:
    """Make the next version of a package, sold from now on. Platform operators only.

    What was sold keeps its version. Fields that are left out stay; parts replace those before.
    """
    # Locked from here on, because what is left out is taken from the version that is sold.
    before = await finding.find(work, request.package_key, lock=True)
    named = {
        name: getattr(request, name)
        for name in request.model_fields_set - {"package_key"}
        if getattr(request, name) is not None or name in TAKEN_AWAY
    }
    if not named:
        raise invalid("arguments", "must name something to change")
    changes: dict[str, Any] = {n: v for n, v in named.items() if n not in TERMS}
    if changed := {name: value for name, value in named.items() if name in TERMS}:
        kept = write_terms(before.terms)
        kept["parts"] = [PartForm.model_validate(each) for each in kept["parts"]]
        told = {**kept, **changed}
        changes["terms"] = await read_terms(work, *(told[name] for name in TERMS))
    return package_view(await changing.change(work, before, changes))


@operation(
    "POST /v1/packages/{package_key}/archive",
    title="Archive package",
    toolset=Toolset.CATALOG,
    effect=Effect.DESTROY,
    platform=PlatformRole.OPERATOR,
    raises=(PackageNotFound,),
    examples=(Example(title="Sell it no longer", arguments={"package_key": "office"}),),
)
async def archive_package(work: Work, request: NamedPackage) -> PackageView:
    """Sell a package no longer. Platform operators only. What was sold stays sold.

    Archiving it again changes nothing. Its key stays taken.
    """
    return package_view(await changing.archive(work, request.package_key))


@operation(
    "GET /v1/packages",
    title="List packages",
    toolset=Toolset.CATALOG,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    raises=(paging.InvalidCursor,),
    examples=(Example(title="What is sold together", arguments={}),),
)
async def list_packages(work: Work, request: ListPackages) -> PackageList:
    """List the packages that are sold, by key: their parts, and how they are priced."""
    after = paging.after(request.cursor, parts=1)
    found = await finding.list_after(
        work, after[0] if after else None, request.limit + 1, archived=request.include_archived
    )
    shown = paging.page(found, request.limit, lambda package: [package.key])
    return PackageList(
        items=[package_view(each) for each in shown.items], next_cursor=shown.next_cursor
    )


@operation(
    "GET /v1/packages/{package_key}",
    title="Get package",
    toolset=Toolset.CATALOG,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    raises=(PackageNotFound,),
    examples=(Example(title="As it is sold", arguments={"package_key": "office"}),),
)
async def get_package(work: Work, request: GetPackage) -> PackageView:
    """Return a package as it is sold, or an earlier version of it."""
    return package_view(await finding.find(work, request.package_key, request.version))


@operation(
    "POST /v1/packages/{package_key}/preview",
    title="Preview package",
    toolset=Toolset.CATALOG,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    raises=(
        PackageNotFound,
        PackageArchived,
        PackageNotPriced,
        ChoiceRefused,
        catalog.PriceBookNotFound,
        *pricing.UsageRefused.__subclasses__(),
    ),
    examples=(
        Example(
            title="Ten seats with support",
            arguments={
                "package_key": "office",
                "options": ["support"],
                "quantities": {"seats": 10},
                "currency": "USD/2",
            },
        ),
    ),
)
async def preview_package(work: Work, request: PreviewPackage) -> PackagePreview:
    """Say what a choice of a package costs, part by part, in a currency. Nothing is sold.

    A choice that the package does not allow is refused with the path of each thing that is wrong.
    """
    chosen_by_staff = {"book_key", "version"} & request.model_fields_set
    if chosen_by_staff and not work.caller.is_platform:
        raise invalid(min(chosen_by_staff), "must be left out: what is sold now counts for you")
    if request.version is None:
        package = await finding.for_sale(work, request.package_key)
    else:
        package = await finding.find(work, request.package_key, request.version)
    book = await _book(work, package, request)
    choice = choose(package, request.options, request.quantities)
    told = cost(choice, book.key, book.asset, request.count)
    return preview_view(package, told, book.key, request.count)


async def _book(work: Work, package: Package, request: PreviewPackage) -> catalog.PriceBook:
    currency = Asset.parse(request.currency)
    if request.book_key is None:
        return await finding.choose_book(work, package, currency, work.now)
    book = await catalog.find_book(work, request.book_key)
    if book.key not in package.terms.books or book.asset != currency:
        told = ", ".join(sorted(package.terms.books))
        raise invalid("book_key", f"must be a book in {currency} that prices the package: {told}")
    return book


OPERATIONS = (
    create_package,
    update_package,
    archive_package,
    list_packages,
    get_package,
    preview_package,
)
