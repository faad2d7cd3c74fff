"""VAT ids of the member states of the European Union: their shape, and their check digits.

No network: an id that passes may still belong to nobody, and one that fails belongs to nobody for
certain. Shapes follow the Commission's list (VIES, question 11); check digits are looked at where
the way to compute them is published and holds for every id of the country.
"""

import re
from collections.abc import Callable

_SHAPES = {
    "AT": r"U\d{8}",
    "BE": r"[01]\d{9}",
    "BG": r"\d{9,10}",
    "CY": r"\d{8}[A-Z]",
    "CZ": r"\d{8,10}",
    "DE": r"[1-9]\d{8}",
    "DK": r"[1-9]\d{7}",
    "EE": r"\d{9}",
    "EL": r"\d{9}",
    "ES": r"[A-Z0-9]\d{7}[A-Z0-9]",
    "FI": r"\d{8}",
    "FR": r"[A-HJ-NP-Z0-9]{2}\d{9}",
    "HR": r"\d{11}",
    "HU": r"\d{8}",
    "IE": r"\d[A-Z0-9+*]\d{5}[A-W][A-I]?",
    "IT": r"\d{11}",
    "LT": r"(\d{9}|\d{12})",
    "LU": r"\d{8}",
    "LV": r"\d{11}",
    "MT": r"[1-9]\d{7}",
    "NL": r"\d{9}B\d{2}",
    "PL": r"\d{10}",
    "PT": r"[1-9]\d{8}",
    "RO": r"[1-9]\d{1,9}",
    "SE": r"\d{10}01",
    "SI": r"[1-9]\d{7}",
    "SK": r"[1-9]\d{9}",
}
_GREECE = {"EL": "GR"}
MEMBER_STATES = frozenset(_GREECE.get(each, each) for each in _SHAPES)
"""By ISO 3166-1. An id of Greece begins with EL all the same."""
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def normalized(text: str) -> str:
    """Write an id as it is stored: in capitals, without spaces, dots and hyphens."""
    return re.sub(r"[\s.\-]", "", text).upper()


def member_state_of(vat_id: str) -> str | None:
    """Return the member state whose valid id this is, by ISO 3166-1; None of any other text."""
    if problem_of(vat_id) is not None:
        return None
    prefix = normalized(vat_id)[:2]
    return _GREECE.get(prefix, prefix)


def problem_of(text: str) -> str | None:
    """Say why this cannot be the VAT id of a member state, or None where it can."""
    told = normalized(text)
    prefix, body = told[:2], told[2:]
    shape = _SHAPES.get(prefix)
    if shape is None:
        return "must begin with the two letters of a member state of the EU (Greece: EL)"
    if re.fullmatch(shape, body, re.ASCII) is None:
        return f"is not written as ids of {prefix} are"
    check = _CHECKS.get(prefix)
    if check is not None and not check(body):
        return "has a check digit that does not fit: one of its characters is wrong"
    return None


# -- Check digits ----------------------------------------------------------------------------------


def _weighted(body: str, weights: tuple[int, ...]) -> int:
    """Sum up the first digits, each times its weight."""
    return sum(int(digit) * weight for digit, weight in zip(body, weights, strict=False))


def _luhn(body: str) -> bool:
    total = 0
    for n, digit in enumerate(reversed(body)):
        value = int(digit) * (1 + n % 2)
        total += value // 10 + value % 10
    return total % 10 == 0


def _mod_11_10(body: str) -> bool:
    """ISO 7064, MOD 11,10."""
    left = 10
    for digit in body[:-1]:
        total = (left + int(digit)) % 10 or 10
        left = 2 * total % 11
    return (left + int(body[-1])) % 10 == 1


def _austria(body: str) -> bool:
    doubled = [int(digit) * (1 + n % 2) for n, digit in enumerate(body[1:8])]
    total = sum(value // 10 + value % 10 for value in doubled)
    return int(body[8]) == (96 - total) % 10


def _belgium(body: str) -> bool:
    return (int(body[:8]) + int(body[8:])) % 97 == 0


def _denmark(body: str) -> bool:
    return _weighted(body, (2, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0


def _estonia(body: str) -> bool:
    return _weighted(body, (3, 7, 1, 3, 7, 1, 3, 7, 1)) % 10 == 0


def _greece(body: str) -> bool:
    return _weighted(body, (256, 128, 64, 32, 16, 8, 4, 2)) % 11 % 10 == int(body[8])


def _finland(body: str) -> bool:
    return _weighted(body, (7, 9, 10, 5, 8, 4, 2, 1)) % 11 == 0


def _france(body: str) -> bool:
    """The number of a company by Luhn; where the key is a number, that too."""
    if not _luhn(body[2:]):
        return False
    return not body[:2].isdigit() or int(body[:2]) == int(body[2:] + "12") % 97


def _hungary(body: str) -> bool:
    return _weighted(body, (9, 7, 3, 1, 9, 7, 3, 1)) % 10 == 0


def _italy(body: str) -> bool:
    return _luhn(body)


def _luxembourg(body: str) -> bool:
    return int(body[:6]) % 89 == int(body[6:])


def _malta(body: str) -> bool:
    return _weighted(body, (3, 4, 6, 7, 8, 9, 10, 1)) % 37 == 0


def _netherlands(body: str) -> bool:
    """By the test of eleven for companies, or modulo 97 for those numbered since 2020."""
    if _weighted(body, (9, 8, 7, 6, 5, 4, 3, 2)) % 11 == int(body[8]):
        return True
    return int("".join(str(_ALPHABET.index(each)) for each in f"NL{body}")) % 97 == 1


def _poland(body: str) -> bool:
    return _weighted(body, (6, 5, 7, 2, 3, 4, 5, 6, 7)) % 11 == int(body[9])


def _portugal(body: str) -> bool:
    rest = 11 - _weighted(body, (9, 8, 7, 6, 5, 4, 3, 2)) % 11
    return int(body[8]) == (0 if rest > 9 else rest)


def _romania(body: str) -> bool:
    weighed = _weighted(body[:-1].rjust(9, "0"), (7, 5, 3, 2, 1, 7, 5, 3, 2))
    return weighed * 10 % 11 % 10 == int(body[-1])


def _sweden(body: str) -> bool:
    return _luhn(body[:10])


def _slovenia(body: str) -> bool:
    rest = 11 - _weighted(body, (8, 7, 6, 5, 4, 3, 2)) % 11
    return rest != 11 and int(body[7]) == rest % 10


def _slovakia(body: str) -> bool:
    return int(body) % 11 == 0


_CHECKS: dict[str, Callable[[str], bool]] = {
    "AT": _austria,
    "BE": _belgium,
    "DE": _mod_11_10,
    "DK": _denmark,
    "EE": _estonia,
    "EL": _greece,
    "FI": _finland,
    "FR": _france,
    "HR": _mod_11_10,
    "HU": _hungary,
    "IT": _italy,
    "LU": _luxembourg,
    "MT": _malta,
    "NL": _netherlands,
    "PL": _poland,
    "PT": _portugal,
    "RO": _romania,
    "SE": _sweden,
    "SI": _slovenia,
    "SK": _slovakia,
}
