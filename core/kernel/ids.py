"""Identifiers: a short noun and 128 bits, so that `txn_01j…` sorts by the time it was made.

The 128 bits are a ULID: 48 bits of Unix milliseconds, then 80 random bits that count upwards
within one millisecond, so that ids made by one process in one order sort in that order. Tables
store the 128 bits; the prefix is put on and taken off here, in one place.
"""

import hashlib
import re
import secrets
from functools import lru_cache
from typing import Protocol

from core.kernel.clock import Clock

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
# Ten bits at a time: an identifier is written or read for nearly every row there is.
_PAIRS = tuple(high + low for high in ALPHABET for low in ALPHABET)
_SHIFTS = tuple(range(100, -1, -10))
# The digits that `int` knows in base 32, in the place of ours.
_TO_BASE32 = str.maketrans(ALPHABET, "0123456789abcdefghijklmnopqrstuv")
_RANDOM_BITS = 80
_BODY = re.compile(rf"[0-7][{ALPHABET}]{{25}}")
_ID = re.compile(rf"^[a-z]{{2,4}}_[0-7][{ALPHABET}]{{25}}\Z")


class Ids(Protocol):
    def new(self, prefix: str) -> str:
        """Make an identifier that was never made before: `<prefix>_<26 characters>`."""


class Ulids:
    """Time-ordered identifiers. Safe to share between tasks of one event loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0

    def new(self, prefix: str) -> str:
        milliseconds = int(self._clock.now().timestamp() * 1000)
        if milliseconds > self._last >> _RANDOM_BITS:
            self._last = milliseconds << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS - 1)
        else:
            # A clock that stands still or steps back must not un-sort what is made next.
            self._last += 1
        return compose(prefix, self._last)


def compose(prefix: str, number: int) -> str:
    """Write 128 bits as an identifier."""
    return f"{prefix}_{_head(number >> 20)}{_PAIRS[number >> 10 & 1023]}{_PAIRS[number & 1023]}"


@lru_cache(maxsize=1024)
def _head(number: int) -> str:
    """Write all but the last twenty bits: what is made within a millisecond shares them."""
    return "".join([_PAIRS[number >> shift & 1023] for shift in _SHIFTS])


@lru_cache(maxsize=4096)
def number_of(identifier: str) -> int:
    """Read the 128 bits of an identifier. A malformed one is a ValueError.

    Remembered, because one batch names the same project and the same few meters in every row.
    """
    body = identifier[identifier.rfind("_") + 1 :]
    if not _BODY.fullmatch(body):
        raise ValueError(f"{identifier!r} is not an identifier")
    return int(body.translate(_TO_BASE32), 32)


def is_id(prefix: str, text: str) -> bool:
    """Tell whether the text is a well-formed identifier of this noun."""
    return text.startswith(f"{prefix}_") and _ID.match(text) is not None


def renamed(identifier: str, prefix: str) -> str:
    """Return the same 128 bits under another noun: a wallet and its ledger account share theirs."""
    return f"{prefix}_{identifier[identifier.rfind('_') + 1 :]}"


def derived(prefix: str, *parts: str) -> str:
    """Return the identifier that these parts always have, so that it need not be looked up."""
    digest = hashlib.blake2b("\x1f".join(parts).encode(), digest_size=16).digest()
    return compose(prefix, int.from_bytes(digest, "big"))
