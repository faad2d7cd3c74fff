"""What callers may do has changed: a number by which whoever remembers callers knows it.

Memberships change below `auth`, and `auth` remembers what they amount to. One number for the
process, which only ever grows, tells it; other processes are told by nothing, and so nobody may
remember a caller for long.
"""

from dataclasses import dataclass


@dataclass(slots=True)
class _Changes:
    """How many there were in this process. One object, so that everybody counts the same."""

    number: int = 0


_changes = _Changes()


def number() -> int:
    """Return how it stands now. What was learnt under another number may no longer be so."""
    return _changes.number


def changed() -> None:
    """Say that some caller may do more or less than before. Leave it with `work.after_commit`."""
    _changes.number += 1
