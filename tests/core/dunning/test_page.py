"""The page says what the code does: every state, every outcome, and the usual campaign."""

import re
from pathlib import Path

from core.campaigns import WORDS, Banner, Campaign, Outcome, State
from core.dunning.operations import _campaign
from core.dunning.shapes import SetDunningCampaign
from core.printing import LANGUAGES

PAGE = Path(__file__).parents[3] / "docs" / "dunning.md"


def test_the_page_names_every_outcome_and_every_state_and_no_other() -> None:
    text = PAGE.read_text("utf-8")
    _, _, table = text.partition("| Outcome | When |")
    drawn = set(re.findall(r"(\w+) --> ", text)) | set(re.findall(r"--> (\w+)", text))

    assert re.findall(r"^\| `(\w+)`", table, re.MULTILINE) == list(Outcome)
    assert drawn == set(State)
    assert all(f"`{each}`" in text for each in Banner)


def test_what_is_left_out_of_a_campaign_is_what_the_engine_does_without_one() -> None:
    assert _campaign(SetDunningCampaign(campaign_key="default")) == Campaign()


def test_mails_are_written_in_every_language_of_invoices_with_the_same_places_to_fill() -> None:
    assert WORDS.keys() == LANGUAGES.keys()
    places = {
        code: [re.findall(r"{\w+}", str(each)) for each in words] for code, words in WORDS.items()
    }
    assert all(list(map(set, each)) == list(map(set, places["en"])) for each in places.values())
