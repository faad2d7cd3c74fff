"""How packages, and what they cost, are shown."""

from core.packages.costing import Cost, PartCost
from core.packages.model import Package
from core.packages.shapes import PackagePreview, PackageView, PartCostView, PartView
from core.packages.writing import write_terms


def package_view(package: Package) -> PackageView:
    told = write_terms(package.terms)
    parts = [PartView(**each) for each in told.pop("parts")]
    return PackageView(
        package_key=package.key,
        version=package.version,
        newest_version=package.newest_version,
        name=package.name,
        description=package.description,
        parts=parts,
        **told,
        created_at=package.created_at,
        archived_at=package.archived_at,
    )


def preview_view(package: Package, cost: Cost, book_key: str, count: int) -> PackagePreview:
    return PackagePreview(
        package_key=package.key,
        version=package.version,
        book_key=book_key,
        asset=str(cost.total.asset),
        count=count,
        parts=[_part_view(each) for each in cost.parts],
        unsplit=cost.unsplit.decimal,
        discount=cost.discount.decimal,
        total=cost.total.decimal,
        explained=cost.own.explained if cost.own else [],
    )


def _part_view(told: PartCost) -> PartCostView:
    part = told.chosen.part
    return PartCostView(
        key=part.key,
        product_key=part.product_key,
        plan_key=part.plan_key,
        quantity=told.chosen.quantity,
        alone=told.alone.decimal if told.alone else None,
        amount=told.amount.decimal if told.amount else None,
        explained=told.rated.explained if told.rated else [],
    )
