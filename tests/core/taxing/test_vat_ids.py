"""VAT ids are looked at without asking anybody."""

import pytest

from core.taxing import MEMBER_STATES, member_state_of, normalized, problem_of

# Ids that are used as examples in public documents, one or more of each country.
TOLD = """
    ATU13585627 BE0428759497 BG175074752 CY10259033P CZ25123891 DE136695976 DK13585628 EE100931558
    EL094259216 ESB58378431 FI20774740 FR40303265045 FR83404833048 HR33392005961 HU12892312
    IE6433435F IT00743110157 LT119511515 LU15027442 LV40003521600 MT11679112 NL004495445B01
    NL123456789B13 PL8567346215 PT501964843 RO18547290 SE123456789701 SI50223054 SK2022749619
"""
VALID = TOLD.split()
CHECKED = [each for each in VALID if each[:2] not in {"BG", "CY", "CZ", "ES", "IE", "LT", "LV"}]


@pytest.mark.parametrize("vat_id", VALID)
def test_an_id_of_every_member_state_passes(vat_id: str) -> None:
    assert problem_of(vat_id) is None
    assert member_state_of(vat_id) == {"EL": "GR"}.get(vat_id[:2], vat_id[:2])


def test_every_member_state_is_known() -> None:
    assert {member_state_of(each) for each in VALID} == MEMBER_STATES
    assert len(MEMBER_STATES) == 27


@pytest.mark.parametrize("vat_id", CHECKED)
def test_one_wrong_digit_is_found(vat_id: str) -> None:
    # The last digit but for Sweden and the Netherlands, whose ids end with something else.
    place = {"SE": 11, "NL": 10}.get(vat_id[:2], len(vat_id) - 1)
    wrong = str((int(vat_id[place]) + 1) % 10)
    told = vat_id[:place] + wrong + vat_id[place + 1 :]

    assert problem_of(told) == "has a check digit that does not fit: one of its characters is wrong"
    assert member_state_of(told) is None


def test_an_id_is_read_however_people_write_it() -> None:
    assert normalized(" de 136.695-976 ") == "DE136695976"
    assert member_state_of("de 136 695 976") == "DE"


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ("GB980780684", "must begin with the two letters of a member state of the EU (Greece: EL)"),
        ("GR094259216", "must begin with the two letters of a member state of the EU (Greece: EL)"),
        ("", "must begin with the two letters of a member state of the EU (Greece: EL)"),
        ("DE13669597", "is not written as ids of DE are"),
        ("ATX13585627", "is not written as ids of AT are"),
        ("DE" + "\N{ARABIC-INDIC DIGIT ONE}" * 9, "is not written as ids of DE are"),
    ],
)
def test_what_is_no_id_says_why(told: str, why: str) -> None:
    assert problem_of(told) == why
