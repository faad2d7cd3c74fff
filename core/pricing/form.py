"""How a price is written: the JSON that plans, quotes and files share.

Shapes only: unknown members, numbers without quotes and missing figures are refused here, with
their path. What a figure must be beside the others, the price itself checks.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from core.pricing.blocks import BlockPolicy
from core.pricing.fields import Figure, PropertyName, PropertyValue, Whole
from core.pricing.price import Per

TIERS_MAX = 100
CELLS_MAX = 1000


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class TierForm(_Form):
    """Up to and including `up_to`; null in the last tier. A price for each, a flat one, or both."""

    up_to: Figure | None = None
    unit: Figure | None = None
    flat: Figure | None = None


class PercentTierForm(_Form):
    """Up to and including `up_to`; null in the last tier. A percentage, a flat amount, or both."""

    up_to: Figure | None = None
    percent: Figure | None = None
    flat: Figure | None = None


class BlockTierForm(_Form):
    """Blocks of `size` at `price` each; `max_blocks` of them before the next tier begins."""

    size: Figure
    price: Figure
    max_blocks: Whole | None = None


class CapacityTierForm(_Form):
    """A flat price for any quantity up to and including `up_to`."""

    up_to: Figure | None = None
    price: Figure


class CommitmentForm(_Form):
    """A promised quantity or amount; what is beyond costs `overage_factor` times its price."""

    quantity: Figure | None = None
    amount: Figure | None = None
    overage_factor: Figure | None = None
    true_up: bool = True


class _Terms(_Form):
    commitment: CommitmentForm | None = None
    minimum_spend: Figure | None = None
    maximum_spend: Figure | None = None
    per: Annotated[Per, Field(strict=False)] = Per.PERIOD


class _UnitTerms(_Terms):
    free_units: Figure | None = None


class FlatForm(_Terms):
    """The same amount, whatever was used."""

    model: Literal["flat"]
    amount: Figure


class PerUnitForm(_UnitTerms):
    """So much for each."""

    model: Literal["per_unit"]
    unit: Figure


class PackageForm(_UnitTerms):
    """So much for every package of `size`; one that is begun is charged whole."""

    model: Literal["package"]
    amount: Figure
    size: Figure


class GraduatedForm(_UnitTerms):
    """Each unit at the price of the tier it falls into."""

    model: Literal["graduated"]
    tiers: Annotated[tuple[TierForm, ...], Field(strict=False, max_length=TIERS_MAX)]


class VolumeForm(_UnitTerms):
    """Every unit at the price of the one tier that the whole quantity falls into."""

    model: Literal["volume"]
    tiers: Annotated[tuple[TierForm, ...], Field(strict=False, max_length=TIERS_MAX)]


class GraduatedPercentageForm(_Terms):
    """Each part of a volume at the percentage of the tier it falls into."""

    model: Literal["graduated_percentage"]
    tiers: Annotated[tuple[PercentTierForm, ...], Field(strict=False, max_length=TIERS_MAX)]


class PercentageForm(_Terms):
    """A percentage of each transaction and a fixed part; some free, each within bounds."""

    model: Literal["percentage"]
    percent: Figure
    fixed: Figure | None = None
    free_events: Whole | None = None
    free_volume: Figure | None = None
    minimum: Figure | None = None
    maximum: Figure | None = None


class BlocksForm(_UnitTerms):
    """Blocks that are charged whole, in tiers; `top_tier` charges all at the tier reached."""

    model: Literal["blocks"]
    tiers: Annotated[tuple[BlockTierForm, ...], Field(strict=False, max_length=TIERS_MAX)]
    policy: Annotated[BlockPolicy, Field(strict=False)] = BlockPolicy.ALL_TIERS


class CapacityForm(_Terms):
    """One flat price for the tier that the quantity, mostly a peak, falls into."""

    model: Literal["capacity"]
    tiers: Annotated[tuple[CapacityTierForm, ...], Field(strict=False, max_length=TIERS_MAX)]


class SeatsForm(_Terms):
    """Whole seats: some included, at least and at most so many, the others at a price."""

    model: Literal["seats"]
    price: "PriceForm"
    included: Whole = 0
    at_least: Whole = 0
    at_most: Whole | None = None


class CellForm(_Form):
    """The price of what was used with these values of the matrix's properties."""

    when: dict[PropertyName, PropertyValue]
    price: "PriceForm"


class MatrixForm(_Terms):
    """A price for each combination of event properties; `otherwise` for all others."""

    model: Literal["matrix"]
    properties: Annotated[tuple[PropertyName, ...], Field(strict=False, max_length=10)]
    cells: Annotated[tuple[CellForm, ...], Field(strict=False, max_length=CELLS_MAX)]
    otherwise: "PriceForm | None" = None


class CreditsForm(_Terms):
    """A price told in credits, charged in money at `per_credit` for each."""

    model: Literal["credits"]
    per_credit: Figure
    price: "PriceForm"


PriceForm = Annotated[
    FlatForm
    | PerUnitForm
    | PackageForm
    | GraduatedForm
    | VolumeForm
    | GraduatedPercentageForm
    | PercentageForm
    | BlocksForm
    | CapacityForm
    | SeatsForm
    | MatrixForm
    | CreditsForm,
    Field(discriminator="model"),
]
for _form in (SeatsForm, CellForm, MatrixForm, CreditsForm):
    _form.model_rebuild()
