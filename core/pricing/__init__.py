"""What things cost: pure arithmetic over frozen prices. See README.md for what it promises."""

from core.pricing.blocks import BlockPolicy, Blocks, BlockTier
from core.pricing.capacity import Capacity, CapacityTier
from core.pricing.commitment import Commitment
from core.pricing.credits import Credits, credits_for, worth
from core.pricing.errors import (
    AmountTooLarge,
    BelowLeast,
    CellRepeated,
    CellUnclear,
    CommitmentUnclear,
    GroupsMissing,
    NoPriceForGroup,
    NotPositive,
    PriceNotReadable,
    PriceRefused,
    PropertiesUnclear,
    QuantityNegative,
    QuantityNotNumber,
    QuantityNotWhole,
    QuantityTooFine,
    QuantityTooLarge,
    TermNotForModel,
    TierNotOpen,
    TierOpenTooEarly,
    TiersMissing,
    TiersUnordered,
    TierWithoutPrice,
    TransactionsMissing,
    UsageRefused,
    WindowsMissing,
)
from core.pricing.flat import Flat
from core.pricing.form import PriceForm
from core.pricing.graduated import Graduated
from core.pricing.graduated_percentage import GraduatedPercentage, PercentTier
from core.pricing.line import Line, text
from core.pricing.matrix import Cell, Matrix
from core.pricing.model import Model
from core.pricing.package import Package
from core.pricing.per_unit import PerUnit
from core.pricing.percentage import Percentage
from core.pricing.price import Per, Price
from core.pricing.prorating import Change, Prorated
from core.pricing.rating import Rated, rate, rate_further
from core.pricing.reading import price_of, read_price, write_price
from core.pricing.rounding import ON_SUM, PER_LINE, RoundingPolicy, RoundOn
from core.pricing.seats import Seats
from core.pricing.tiers import Tier
from core.pricing.usage import Group, Usage
from core.pricing.volume import Volume

__all__ = [
    "ON_SUM",
    "PER_LINE",
    "AmountTooLarge",
    "BelowLeast",
    "BlockPolicy",
    "BlockTier",
    "Blocks",
    "Capacity",
    "CapacityTier",
    "Cell",
    "CellRepeated",
    "CellUnclear",
    "Change",
    "Commitment",
    "CommitmentUnclear",
    "Credits",
    "Flat",
    "Graduated",
    "GraduatedPercentage",
    "Group",
    "GroupsMissing",
    "Line",
    "Matrix",
    "Model",
    "NoPriceForGroup",
    "NotPositive",
    "Package",
    "Per",
    "PerUnit",
    "PercentTier",
    "Percentage",
    "Price",
    "PriceForm",
    "PriceNotReadable",
    "PriceRefused",
    "PropertiesUnclear",
    "Prorated",
    "QuantityNegative",
    "QuantityNotNumber",
    "QuantityNotWhole",
    "QuantityTooFine",
    "QuantityTooLarge",
    "Rated",
    "RoundOn",
    "RoundingPolicy",
    "Seats",
    "TermNotForModel",
    "Tier",
    "TierNotOpen",
    "TierOpenTooEarly",
    "TierWithoutPrice",
    "TiersMissing",
    "TiersUnordered",
    "TransactionsMissing",
    "Usage",
    "UsageRefused",
    "Volume",
    "WindowsMissing",
    "credits_for",
    "price_of",
    "rate",
    "rate_further",
    "read_price",
    "text",
    "worth",
    "write_price",
]
