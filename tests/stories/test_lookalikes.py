"""No tool, prompt or resource can be taken for another one."""

import itertools
import re
import unicodedata

import pytest

from mcp_server.prompts import PROMPTS
from mcp_server.resources import TEMPLATES
from mcp_server.wiring import OPERATIONS

NAMES = [each.name for each in OPERATIONS]
TITLES = [each.title for each in OPERATIONS]
OTHERS = [each.name for each in (*PROMPTS, *TEMPLATES)]
NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
CONFUSED = str.maketrans("013589lqvu", "oiesbgipuw")
"""Figures and letters that are drawn alike, each by one that stands for both."""


def distance_is_over_one(one: str, other: str) -> bool:
    """Tell whether it takes more than one letter more, less or other to make one of the other."""
    short, long = sorted((one, other), key=len)
    if len(long) - len(short) > 1:
        return True
    same = next((at for at, pair in enumerate(zip(short, long)) if pair[0] != pair[1]), len(short))  # noqa: B905 - as far as the shorter one goes
    return short[same + (len(short) == len(long)) :] != long[same + 1 :]


@pytest.mark.parametrize(
    ("one", "other", "over"),
    [
        ("get_project", "get_project", False),
        ("get_project", "get_projects", False),
        ("get_project", "set_project", False),
        ("get_project", "gt_project", False),
        ("get_project", "list_project", True),
        ("check_balance", "check_balences", True),
    ],
)
def test_near_is_one_letter_more_less_or_other(one: str, other: str, over: bool) -> None:  # noqa: FBT001 - a table
    assert distance_is_over_one(one, other) is over


def test_every_name_is_written_in_plain_letters() -> None:
    for name in NAMES + OTHERS:
        assert NAME.fullmatch(name), name
    for title in TITLES:
        assert title.isascii()
        assert title == unicodedata.normalize("NFKC", title)
        assert title.isprintable()


@pytest.mark.parametrize("names", [NAMES, TITLES, OTHERS], ids=["names", "titles", "others"])
def test_no_two_are_near_each_other(names: list[str]) -> None:
    for one, other in itertools.combinations(names, 2):
        assert distance_is_over_one(one.lower(), other.lower()), (one, other)
        assert squeezed(one) != squeezed(other), (one, other)


def squeezed(name: str) -> str:
    """Return what is left of a name when figures, case and joints are not looked at."""
    return re.sub(r"[^a-z]", "", name.lower().translate(CONFUSED))
