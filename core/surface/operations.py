"""Every operation of the engine, in the order in which documents list them."""

from typing import Any

from core.arrears import operations as arrears
from core.catalog import operations as catalog
from core.catalog_files import operations as catalog_files
from core.checkouts import operations as checkouts
from core.clocks import operations as clocks
from core.collecting import buying
from core.collecting import operations as collecting
from core.compliance import operations as compliance
from core.coupons import operations as coupons
from core.dunning import operations as dunning
from core.entitlements import operations as entitlements
from core.entitlements import plan_operations as plan_holding
from core.exporting import operations as exporting
from core.inbox import operations as inbox
from core.invoicing import operations as invoicing
from core.metering import operations as metering
from core.moving import operations as moving
from core.operations.operation import Operation
from core.packages import operations as packages
from core.packs import operations as packs
from core.parties import operations as parties
from core.payers import operations as payers
from core.payments import operations as payments
from core.pricing_facts import operations as pricing_facts
from core.pricing_rules import operations as pricing_rules
from core.printing import operations as printing
from core.products import operations as products
from core.projects import operations as projects
from core.quoting import operations as quoting
from core.reconciling import operations as reconciling
from core.reporting import operations as reporting
from core.revenue import operations as revenue
from core.settling import operations as settling
from core.shelving import operations as shelving
from core.stepping import operations as stepping
from core.subscriptions import ending_operations as subscription_endings
from core.subscriptions import next_invoice
from core.subscriptions import operations as subscriptions
from core.topups import operations as topups
from core.wallets import operations as wallets

OPERATIONS: tuple[Operation[Any, Any], ...] = (
    *projects.OPERATIONS,
    *clocks.OPERATIONS,
    *wallets.OPERATIONS,
    *metering.OPERATIONS,
    *entitlements.OPERATIONS,
    *plan_holding.OPERATIONS,
    *moving.OPERATIONS,
    *products.OPERATIONS,
    *catalog.OPERATIONS,
    *subscriptions.OPERATIONS,
    *subscription_endings.OPERATIONS,
    *next_invoice.OPERATIONS,
    *arrears.OPERATIONS,
    *stepping.OPERATIONS,
    *packs.OPERATIONS,
    *buying.OPERATIONS,
    *checkouts.OPERATIONS,
    *payers.OPERATIONS,
    *payments.OPERATIONS,
    *settling.OPERATIONS,
    *reconciling.OPERATIONS,
    *topups.OPERATIONS,
    *invoicing.OPERATIONS,
    *collecting.OPERATIONS,
    *parties.OPERATIONS,
    *printing.OPERATIONS,
    *dunning.OPERATIONS,
    *catalog_files.OPERATIONS,
    *shelving.OPERATIONS,
    *coupons.OPERATIONS,
    *exporting.OPERATIONS,
    *packages.OPERATIONS,
    *pricing_rules.OPERATIONS,
    *pricing_facts.OPERATIONS,
    *quoting.OPERATIONS,
    *reporting.OPERATIONS,
    *revenue.OPERATIONS,
    *inbox.OPERATIONS,
    *compliance.OPERATIONS,
)
