"""The table of transitions, the page that draws it, and what the database says of it."""

from pathlib import Path

import pytest

from core import lifecycles
from core.lifecycles import SERVED, TRANSITIONS, NotInState, State, Verb
from core.lifecycles.drawing import drawn
from core.lifecycles.states import TICKING, named
from core.subscriptions.events import TOLD
from core.subscriptions.tables import subscriptions

PAGE = Path(__file__).parents[3] / "docs" / "subscriptions.md"


def test_the_page_draws_the_table_as_it_is() -> None:
    _, _, rest = PAGE.read_text("utf-8").partition("<!-- states -->\n")
    shown, _, _ = rest.partition("<!-- /states -->")

    assert shown == drawn()


def test_what_the_table_does_not_know_is_refused_with_what_it_does() -> None:
    allowed = {(state, way.verb) for way in TRANSITIONS for state in way.before}
    refused = 0
    for state in State:
        for way in TRANSITIONS:
            if (state, way.verb) in allowed:
                assert lifecycles.after(state, way.verb, "sub_1") == (way.after or state)
                continue
            with pytest.raises(NotInState) as told:
                lifecycles.after(state, way.verb, "sub_1")
            assert told.value.allowed == named(way.before)
            refused += 1

    assert refused + len(allowed) == len(State) * len(TRANSITIONS)


def test_every_verb_has_one_way_and_one_event() -> None:
    assert [way.verb for way in TRANSITIONS] == list(dict.fromkeys(way.verb for way in TRANSITIONS))
    # What begins has no way before it; what the provider bills goes where the provider says.
    assert {way.verb for way in TRANSITIONS} == set(Verb) - {Verb.CREATE, Verb.FOLLOW}
    assert set(TOLD) == set(Verb)
    assert len(set(TOLD.values())) == len(TOLD)


def test_the_database_knows_the_same_states() -> None:
    rules = {
        str(each.name): str(each.sqltext)
        for each in subscriptions.constraints
        if each.name and hasattr(each, "sqltext")
    }

    [known] = [rule for name, rule in rules.items() if "state_is_known" in name]
    assert known == f"state in ({', '.join(repr(str(each)) for each in State)})"
    [ticking] = [rule for name, rule in rules.items() if "has_a_due_date" in name]
    told = ", ".join(repr(each) for each in named(TICKING))
    assert ticking == f"state not in ({told}) or next_due_at is not null"
    assert SERVED < TICKING
