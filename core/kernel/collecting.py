"""Keep the garbage collector out of the way of a process that serves."""

import gc

THRESHOLDS = (20_000, 20, 50)
"""A batch of calls leaves some thousand objects at once, and hardly ever a cycle among them."""


def settle() -> None:
    """Call it once everything that stays for good was made, and before the first call.

    What there is by now is not looked through again and again while requests wait, and what comes
    is looked through less often than a program's usual few objects would be.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
