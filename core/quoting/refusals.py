"""Every way in which a price, or the usage it is asked about, is refused: what operations raise."""

from core import pricing

PRICE_REFUSED = (
    pricing.PriceNotReadable,
    pricing.TiersMissing,
    pricing.TiersUnordered,
    pricing.TierNotOpen,
    pricing.TierOpenTooEarly,
    pricing.TierWithoutPrice,
    pricing.BelowLeast,
    pricing.NotPositive,
    pricing.TermNotForModel,
    pricing.CommitmentUnclear,
    pricing.PropertiesUnclear,
    pricing.CellUnclear,
    pricing.CellRepeated,
)
USAGE_REFUSED = (
    pricing.QuantityNegative,
    pricing.QuantityNotWhole,
    pricing.QuantityNotNumber,
    pricing.QuantityTooLarge,
    pricing.QuantityTooFine,
    pricing.AmountTooLarge,
    pricing.TransactionsMissing,
    pricing.WindowsMissing,
    pricing.GroupsMissing,
    pricing.NoPriceForGroup,
)
