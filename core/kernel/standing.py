"""What callers may do has changed: a number by which whoever remembers callers knows it.

Memberships change below `auth`, and `auth` remembers what they amount to. One number for the
process, which only ever grows, tells it; other processes are told by nothing, and so nobody may
remember a caller for long.
"""

from itertools import count

_numbers = count(1)
_number = 0


def number() -> int:
    """Return how it stands now. What was learnt under another number may no longer be so."""
    return _number


def changed() -> None:
    """Say that some caller may do more or less than before. Leave it with `work.after_commit`."""
    global _number  # noqa: PLW0603 - one number for the process
    _number = next(_numbers)
