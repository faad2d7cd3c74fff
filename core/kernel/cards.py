"""Tell card numbers from other digits, and blot them out. Card data has no business here.

A card number is text: 13 to 19 digits, in one piece or in groups of at least three (of three groups
or more the last may be shorter) with one space or hyphen between them, that begins as an issuer's
numbers do, has a length that this issuer uses, and passes the check digit (Luhn, ISO/IEC 7812-1).
No letter, digit or underscore stands right beside it, no plus sign before it, and it is no part of
a decimal number, nor, by hyphens, of a word with letters in it: a UUID, `order-42…`. JSON numbers
are quantities and never card numbers.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

REDACTED = "[card number]"
DIGITS_MIN, DIGITS_MAX = 13, 19
GROUP_MIN = 3

_BETWEEN = r"[ \-\u00a0\u2010-\u2014]"
_RUN = re.compile(rf"(?<![0-9])[0-9](?:{_BETWEEN}?[0-9]){{{DIGITS_MIN - 1},}}")
_GROUP = re.compile("[0-9]+")
_WORD = re.compile(r"(?:-\w+)+")
WORD_MAX = 40
"""How far a word is followed; a UUID is shorter."""
# In JSON without anything but ASCII, a number in one piece or the first two groups of one. To find
# these marks takes a thousandth of a second for megabytes, and nearly nothing that is sent has any.
_MARKS = bytes.maketrans(b"0123456789-", b"0000000000 ")
_SOLID, _GROUPED = b"0" * DIGITS_MIN, b"000 000"
_LONG = re.compile(rb"[0 ]{%d,}" % DIGITS_MIN)


def _between(first: int, last: int, lengths: Sequence[int]) -> list[tuple[str, frozenset[int]]]:
    """Return the prefixes from the first to the last, all of one length, each with the lengths."""
    return [(str(each), frozenset(lengths)) for each in range(first, last + 1)]


_FROM_16 = range(16, 20)
_ISSUERS = dict(
    [
        *_between(4, 4, (13, 16, 19)),  # Visa
        *_between(51, 55, (16,)),  # Mastercard
        *_between(2221, 2720, (16,)),  # Mastercard
        *_between(34, 34, (15,)),  # American Express
        *_between(37, 37, (15,)),  # American Express
        *_between(36, 36, range(14, 20)),  # Diners Club
        *_between(38, 39, range(14, 20)),  # Diners Club
        *_between(300, 305, range(14, 20)),  # Diners Club
        *_between(3528, 3589, _FROM_16),  # JCB
        *_between(6011, 6011, _FROM_16),  # Discover
        *_between(644, 649, _FROM_16),  # Discover
        *_between(65, 65, _FROM_16),  # Discover, RuPay
        *_between(62, 62, _FROM_16),  # UnionPay
        *_between(81, 82, (16,)),  # UnionPay, RuPay
        *_between(508, 508, (16,)),  # RuPay
        *_between(2200, 2204, _FROM_16),  # Mir
        *_between(9792, 9792, (16,)),  # Troy
        *((prefix, frozenset(range(13, 20))) for prefix in ("5018", "5020", "5038", "5893")),
        *((prefix, frozenset(range(13, 20))) for prefix in ("6304", "6759", "6761", "6762")),
        ("6763", frozenset(range(13, 20))),  # these two lines: Maestro
    ]
)
_PREFIX_MAX = max(map(len, _ISSUERS))
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def is_card_number(digits: str) -> bool:
    """Tell whether these digits, without separators, are what a card could carry."""
    issued = any(
        len(digits) in _ISSUERS.get(digits[:length], ()) for length in range(1, _PREFIX_MAX + 1)
    )
    return issued and _checks(digits)


def spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield where card numbers stand in the text, from left to right."""
    for run in _RUN.finditer(text):
        yield from _spans(text, [group.span() for group in _GROUP.finditer(text, *run.span())])


def redacted(text: str) -> str:
    """Return the text with every card number blotted out."""
    if len(text) < DIGITS_MIN or (text.isascii() and _is_clear(text.encode())):
        return text
    parts, at = [], 0
    for start, end in spans(text):
        parts += [text[at:start], REDACTED]
        at = end
    return "".join([*parts, text[at:]])


def sent(value: Any) -> bool:
    """Tell whether a card number stands anywhere in what was sent, names included.

    Asked of every call, and answered at a glance unless there are many digits in a row somewhere.
    """
    try:
        packed = orjson.dumps(value)
    except TypeError:
        return any(True for _ in paths(value))  # what JSON cannot hold: refused later
    if packed.isascii() and _is_clear(packed):
        return False
    # A backslash stands for another character than the one after it; else the text is as it is.
    if b"\\" not in packed and not _may_contain(packed):
        return False
    return any(True for _ in paths(value))


def paths(value: Any) -> Iterator[tuple[str | int, ...]]:
    """Yield where in what was sent a card number stands; where a name is one, it is blotted out."""
    if isinstance(value, str):
        if redacted(value) != value:
            yield ()
    elif isinstance(value, Mapping):
        for name, part in value.items():
            shown = redacted(str(name))
            if shown != str(name):
                yield (shown,)
            yield from ((shown, *path) for path in paths(part))
    elif isinstance(value, list | tuple):
        for n, part in enumerate(value):
            yield from ((n, *path) for path in paths(part))


def without_cards(value: Any) -> Any:
    """Copy what was sent with every card number blotted out."""
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, Mapping):
        return {redacted(str(name)): without_cards(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [without_cards(part) for part in value]
    return value


def _is_clear(text: bytes) -> bool:
    """Tell at a glance that ASCII holds no card number: nowhere are enough digits in a row."""
    marked = text.translate(_MARKS)
    # To look for two words costs little, and only dates, UUIDs and the like go on from there.
    if _SOLID not in marked and _GROUPED not in marked:
        return True
    return _LONG.search(marked) is None


def _may_contain(text: bytes) -> bool:
    """Look closer, in ASCII only where there are enough digits; what it finds may yet be none."""
    told = text.decode()
    if not text.isascii():
        return any(True for _ in spans(told))
    return any(
        True
        for long in _LONG.finditer(text.translate(_MARKS))
        for _ in _spans(told, [group.span() for group in _GROUP.finditer(told, *long.span())])
    )


def _spans(text: str, groups: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Try each group as the first of a number, with as many after it as there could be."""
    n = 0
    while n < len(groups):
        last = _last_of(text, groups, n)
        if last is not None:
            yield groups[n][0], groups[last][1]
            n = last
        n += 1


def _last_of(text: str, groups: Sequence[tuple[int, int]], first: int) -> int | None:
    """Return the last group of the card number that begins with this one, or None."""
    digits = ""
    for n in range(first, len(groups)):
        start, end = groups[n]
        is_short = end - start < GROUP_MIN  # as only the last of several groups may be
        digits += text[start:end]
        if len(digits) > DIGITS_MAX:
            return None
        enough = len(digits) >= DIGITS_MIN and not (is_short and n == first + 1)
        if enough and is_card_number(digits) and _stands_alone(text, groups[first][0], end):
            return n
        if is_short:
            return None
    return None


def _stands_alone(text: str, start: int, end: int) -> bool:
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    in_word = any(each.isalnum() or each == "_" for each in (*before[-1:], *after[:1]))
    in_decimal = before[-1:] == "." and before[:1].isdecimal() and len(before) == 2
    goes_on = after[:1] == "." and after[1:].isdecimal()
    if in_word or in_decimal or goes_on or before[-1:] == "+":
        return False
    return not (
        _is_wordy(text[max(0, start - WORD_MAX) : start][::-1])
        or _is_wordy(text[end : end + WORD_MAX])
    )


def _is_wordy(beside: str) -> bool:
    """Tell whether hyphens join letters to the number, reading away from it."""
    if not beside.startswith("-"):
        return False
    word = _WORD.match(beside)
    return word is not None and not word[0].replace("-", "").isdecimal()


def _checks(digits: str) -> bool:
    """Luhn's sum: every second digit from the right but one is doubled, and its digits added."""
    total = sum(map(int, digits[-1::-2])) + sum(_DOUBLED[int(each)] for each in digits[-2::-2])
    return total % 10 == 0
