"""Why nobody is moved."""

from dataclasses import dataclass

from core.kernel.errors import EngineError, Kind


@dataclass(eq=False)
class NotOneProductLine(EngineError):
    """{from_plan_key} is a plan of {from_product_key}, {to_plan_key} of {to_product_key}.

    Who moves from one plan to another stays within one product line.
    """

    code = "not_one_product_line"
    kind = Kind.REFUSED
    from_plan_key: str
    from_product_key: str
    to_plan_key: str
    to_product_key: str


@dataclass(eq=False)
class PlanMigrationUnderWay(EngineError):
    """{plan_key} version {version} is being migrated already: {migration_id}. Let it finish."""

    code = "plan_migration_under_way"
    kind = Kind.CONFLICT
    plan_key: str
    version: int
    migration_id: str


@dataclass(eq=False)
class PlanMigrationNotFound(EngineError):
    """There is no plan migration {migration_id}."""

    code = "plan_migration_not_found"
    kind = Kind.NOT_FOUND
    migration_id: str
