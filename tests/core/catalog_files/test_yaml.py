"""YAML of which nothing can surprise."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.catalog_files.yaml_text import CHARACTERS_MAX, read_yaml, write_yaml
from core.operations.errors import InvalidRequest

TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufeff"))
WHOLE = st.integers(-(10**17), 10**17)
VALUES: Any = st.recursive(
    st.none() | st.booleans() | WHOLE | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


@given(value=st.dictionaries(TEXTS, VALUES, max_size=4))
def test_what_is_written_is_read_as_it_was(value: dict[str, Any]) -> None:
    assert read_yaml(write_yaml(value)) == value


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("0.10", "0.10"),
        ("1e5", "1e5"),
        ("0x1F", "0x1F"),
        ("010", "010"),
        ("1_000", "1_000"),
        ("no", "no"),
        ("2026-12-01", "2026-12-01"),
        ("1:30", "1:30"),
        (".inf", ".inf"),
        ("10", 10),
        ("-3", -3),
        ('"10"', "10"),
        ("true", True),
        ("null", None),
        ("", None),
        ("12345678901234567890", "12345678901234567890"),
    ],
)
def test_only_whole_numbers_truth_and_nothing_are_more_than_text(written: str, read: Any) -> None:
    assert read_yaml(f"a: {written}") == {"a": read}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: &x [1]\nb: *x", "must not have anchors or aliases; write it out, in line 1, column 4"),
        ("a: *x", "must not have anchors or aliases; write it out, in line 1, column 4"),
        ("a: !!python/object:os.system x", "must not have tags, in line 1, column 4"),
        ("a: !!str 1", "must not have tags, in line 1, column 4"),
        ("!thing {a: 1}", "must not have tags, in line 1, column 1"),
        ("a: 1\na: 2", "has the key 'a' twice, in line 2, column 1"),
        ("? [a]\n: 1", "has a key that is not a word, in line 1, column 3"),
        ("a: 1\n---\nb: 1", "must be one document, in line 2, column 1"),
        ("a: " + "[" * 25, "holds too much, or too deep within itself, in line 1, column 24"),
        ("[" + "1," * 60_000 + "]", "holds too much, or too deep within itself, in line 1, column"),
        ("a: [1", "in line 2"),
        ("a: \x00", "is not YAML"),
        ("x" * (CHARACTERS_MAX + 1), f"must have at most {CHARACTERS_MAX} characters"),
    ],
)
def test_what_could_be_more_than_it_looks_is_refused_with_its_line(text: str, problem: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        read_yaml(text)

    [told] = raised.value.problems
    assert told["field"] == "document"
    assert problem in told["problem"]


def test_a_bomb_of_aliases_never_goes_off() -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for n in range(1, 10):
        inner = ", ".join([f"*a{n - 1}"] * 10)
        levels.append(f"a{n}: &a{n} [{inner}]")

    with pytest.raises(InvalidRequest, match="anchors or aliases"):
        read_yaml("\n".join(levels))
