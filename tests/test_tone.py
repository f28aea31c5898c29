from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safespace import tone
from safespace.errors import InputError
from safespace.tone import Flag, Label, Override, check_text, require_clean

RED = [
    ("Women should avoid the underpass.", "advice to those harmed"),
    ("Stick to well-lit streets.", "advice to those harmed"),
    ("Please don\u2019t walk alone.", "advice to those harmed"),
    ("Stay alert, no headphones.", "advice to those harmed"),
    ("She put herself at risk.", "blame"),
    ("An intoxicated female was seen.", "blame"),
    ("A lone female walked past.", "blame"),
    ("She failed to report it.", "did not report"),
    ("He refuses to engage.", "support not taken up"),
    ("The spiking victim claims otherwise.", "doubt about spiking"),
    ("She was just drunk.", "doubt about spiking"),
    ("He groped her; they called it banter.", "minimising"),
    ("A dangerous area after dark.", "labelling a place"),
    ("This is the safest route.", "routes are not safe or unsafe"),
    ("Safety score 7.2/10.", "one score"),
    ("The model predicts more.", "foretelling"),
    ("There were only 3 reports.", "small numbers waved away"),
    ("No problem here.", "small numbers waved away"),
]
AMBER = [
    ("The victim spoke.", "victim"),
    ("An assault took place.", "nobody did it"),
    ("High risk on Fridays.", "risk"),
    ("It is safe.", "safe as a verdict"),
    ("Fear of crime is high.", "fear"),
    ("This might be reporting.", "likelihood without a yardstick"),
]


@pytest.mark.parametrize(("text", "rule"), RED)
def test_red_rows_of_the_table(text, rule):
    assert (rule, "red") in {(flag.rule, flag.level) for flag in check_text(text)}


def test_labels_are_codes_with_a_sentence_each():
    assert [label.value for label in Label] == [label.name.lower() for label in Label]
    assert len(set(tone.FIXED_SENTENCES)) == len(Label)
    assert Label("higher").sentence == "Higher than its usual; could be reporting"
    with pytest.raises(ValueError, match="Too few to say"):
        Label("Too few to say")


@pytest.mark.parametrize(("text", "rule"), AMBER)
def test_amber_rows_of_the_table(text, rule):
    assert [(flag.rule, flag.level) for flag in check_text(text)] == [(rule, "amber")]


@pytest.mark.parametrize(
    "text",
    [
        *tone.FIXED_SENTENCES,
        tone.ABSENCE,
        "Relight the path. Officers and stewards will be at the bus station.",
        "SafeSpace read StreetSafe reports for the Safer Streets Project.",
        "18 incidents were recorded between 1 May 2022 and 31 October 2022.",
        "People who felt unsafe because the path is badly lit.",
        "It is likely that some reports may be repeats.",
        "Support for victim-survivors.",
        "only 2 months of data",
    ],
)
def test_good_text_has_no_flags(text):
    assert check_text(text) == ()


def test_flag_says_where_and_what_instead():
    text = "Note: girls putting themselves at  risk."
    (flag,) = check_text(text)
    assert text[flag.start : flag.end] == flag.words == "putting themselves at  risk"
    assert flag.prefer.startswith("person targeted")
    assert flag.source


def test_hot_spot_is_for_the_police_only():
    assert check_text("The hotspot moved.") == ()
    (flag,) = check_text("The hotspot moved.", edition="partner")
    assert flag.prefer == "priority place"


def test_hidden_characters_do_not_hide_words():
    text = "the saf\u00adest rou\u200bte"
    (flag,) = check_text(text)
    assert flag.rule == "routes are not safe or unsafe"
    assert text[flag.start : flag.end] == flag.words


def test_month_is_not_a_likelihood():
    assert check_text("Data to May 2022") == ()


def test_standing_passage_excuses_only_itself():
    (flag,) = check_text(tone.ABSENCE + " It is safe.")
    assert flag.words == "safe"
    assert flag.start > len(tone.ABSENCE)
    assert all(item.who and item.reason for item in tone.standing_passages())


def test_require_clean_refuses_red_and_names_the_alternative():
    with pytest.raises(InputError, match=r"'Lone female'.*person targeted.*override"):
        require_clean("Lone female near the canal.")
    assert require_clean("The victim spoke.") == "The victim spoke."


def test_override_answers_for_its_own_words():
    text = "The leaflet of 2019 said 'stay alert'."
    (flag,) = check_text(text)
    override = Override(flag, who="A. Analyst", reason="quotation")
    assert require_clean(text, [override]) == text
    with pytest.raises(InputError, match="lone female"):
        require_clean(text + " A lone female.", [override])


@pytest.mark.parametrize(("who", "reason"), [("", "quotation"), ("A. Analyst", " ")])
def test_override_needs_a_person_and_a_reason(who, reason):
    flag = Flag("x", 0, 1, "r", "w", "p", "s", "red")
    with pytest.raises(InputError, match="person and a reason"):
        Override(flag, who=who, reason=reason)


def test_every_rule_is_complete_and_preferred_words_pass_it():
    for rule in tone._rules():
        assert rule.level in {"red", "amber"}
        assert rule.why
        assert rule.source
        assert [flag for flag in check_text(rule.prefer, edition="partner") if flag.level == "red"] == []
    assert tone.version()


@given(st.text(max_size=80), st.sampled_from([text for text, _ in RED]), st.text(max_size=40))
def test_flags_point_at_the_words_wherever_they_stand(before, core, after):
    text = f"{before}. {core} {after}"
    flags = check_text(text)
    assert all(text[flag.start : flag.end] == flag.words for flag in flags)
    assert [flag.start for flag in flags] == sorted(flag.start for flag in flags)
    assert any(flag.level == "red" for flag in flags)
