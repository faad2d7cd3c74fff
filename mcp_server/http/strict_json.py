"""Read JSON without guessing (RFC 8259, read as strictly as RFC 7493 asks).

The standard library keeps the last of two equal names, reads NaN, and stops at no depth of its
own. A request with two amounts has no right reading, so all of that is refused.

A fast reader guesses too. But when what it read, written as plainly as can be, gives back the very
bytes that were sent, there was nothing to guess: no name was there twice and no number was bent.
Most programs write JSON that plainly; for all others, and for every refusal, the slow reader
decides.
"""

import json
from typing import Any

import orjson

INTEGER_LARGEST = 2**63 - 1


class JsonProblem(ValueError):
    """Why a text could not be read, without repeating any of it."""


def read(body: bytes) -> Any:
    """Read one JSON value, or say what is wrong with it and where."""
    try:
        value = orjson.loads(body)
        # An integer that not every reader can hold is for the slow one, which knows the limit.
        if orjson.dumps(value, option=orjson.OPT_STRICT_INTEGER) == body:
            return value
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        pass
    return read_slowly(body)


def read_slowly(body: bytes) -> Any:
    """Read one JSON value by the strict reader alone: what `read` answers, for any bytes."""
    try:
        return _DECODER.decode(body.decode())
    except JsonProblem:
        raise
    except UnicodeDecodeError:
        raise JsonProblem("it is not UTF-8") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise JsonProblem(f"it is not JSON at {where}") from None
    except RecursionError:
        raise JsonProblem("it is nested too deeply") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise JsonProblem("a name appears twice in one object")
    return value


def _integer(text: str) -> int:
    # Beyond 64 bits other readers round, and the databases refuse.
    if len(text) > len(str(-INTEGER_LARGEST)) or abs(int(text)) > INTEGER_LARGEST:
        raise JsonProblem("a whole number is larger than 64 bits")
    return int(text)


def _float(text: str) -> float:
    value = float(text)
    if value in {float("inf"), float("-inf")}:
        raise JsonProblem("a number is too large")
    return value


def _constant(text: str) -> Any:
    raise JsonProblem(f"{text} is not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant
)
