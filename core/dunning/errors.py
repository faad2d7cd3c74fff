"""Why dunning refuses."""

from dataclasses import dataclass

from core.kernel.errors import EngineError, Kind


@dataclass(eq=False)
class DunningRunNotFound(EngineError):
    """There is no dunning run {run_id}. Call list_dunning_runs to see them."""

    code = "dunning_run_not_found"
    kind = Kind.NOT_FOUND
    run_id: str


@dataclass(eq=False)
class DunningRunOver(EngineError):
    """The dunning run {run_id} is over already: {outcome}. Nothing more is asked for by it."""

    code = "dunning_run_over"
    kind = Kind.CONFLICT
    run_id: str
    outcome: str


@dataclass(eq=False)
class ProductHasCampaign(EngineError):
    """The product {product_key} has the campaign {campaign_key} already. Change that one."""

    code = "product_has_campaign"
    kind = Kind.CONFLICT
    product_key: str
    campaign_key: str


@dataclass(eq=False)
class CardLinkNotGood(EngineError):
    """This link is not good, or no longer. The latest mail about the payment has a newer one."""

    code = "card_link_not_good"
    kind = Kind.NOT_FOUND
