"""What falls due in a project, in the order in which it is done where instants are equal."""

from core import arrears, clocks, dunning, invoicing, stepping, subscriptions, topups, wallets

FALLING_DUE: tuple[clocks.FallsDue, ...] = (
    wallets.FALLS_DUE,
    invoicing.FALLS_DUE,
    stepping.FALLS_DUE,
    subscriptions.FALLS_DUE,
    *arrears.FALLING_DUE,
    *dunning.FALLS_DUE,
    topups.FALLS_DUE,
)
"""What expires goes before what is granted anew, and what is earned before what is billed;
what is bought because it has run out goes last."""
