"""What may become of an invoice is one table."""

from itertools import product

import pytest

from core.bills.errors import InvoiceNotInState
from core.bills.model import TRANSITIONS, Figures, State, Step, stepped
from tests.architecture.tree import ROOT


def test_what_is_not_in_the_table_is_refused() -> None:
    for state, step in product(State, Step):
        if (state, step) in TRANSITIONS:
            assert stepped("invc", state, step) is TRANSITIONS[state, step]
            continue
        with pytest.raises(InvoiceNotInState) as refused:
            stepped("invc", state, step)
        assert refused.value.state == state
        assert str(state) not in refused.value.allowed.split(", ")


def test_nothing_comes_back_from_void_and_nothing_returns_to_draft() -> None:
    assert {state for state, _ in TRANSITIONS} == set(State) - {State.VOID}
    assert set(TRANSITIONS.values()) == set(State) - {State.DRAFT}


def test_what_is_due_is_what_nobody_settled() -> None:
    assert Figures(total=100).due == 100
    assert Figures(total=100, applied=30, paid=70).due == 0
    assert Figures(total=100, credited=40, paid=60).due == 0
    assert Figures(total=100, credited=40, paid=100, given=40).due == 0
    assert Figures(total=100, paid=100, returned=10).due == 10


def test_the_page_shows_the_table_as_it_is() -> None:
    page = (ROOT / "docs" / "invoices.md").read_text("utf-8")
    head = ["Now", *(f"`{step}`" for step in Step)]
    rows = [
        head,
        ["---"] * len(head),
        *([state, *(TRANSITIONS.get((state, step), "") for step in Step)] for state in State),
    ]

    assert (
        "".join(f"| {' | '.join(row)} |\n" for row in rows).replace(
            "| --- " * len(head) + "|", "|" + "---|" * len(head)
        )
        in page
    )
