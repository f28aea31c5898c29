import pandas as pd
import pytest

from safespace.sources.taxonomy import load_taxonomy, resolve, resolve_many

TAXONOMY = load_taxonomy()
REASONS = TAXONOMY.words("streetsafe", "environmental", "behavioural")


def column(*values, name="reasons"):
    return pd.Series(values, dtype="str", name=name)


def test_streetsafe_has_eight_environmental_and_four_behavioural_factors():
    groups = pd.Series(dict(REASONS.group)).value_counts().to_dict()
    assert groups == {"environmental": 8, "behavioural": 4}


def test_the_file_has_a_version_and_every_list_the_readers_use():
    assert TAXONOMY.version >= "2026"
    assert set(TAXONOMY.lists["spiking"]["method"]) == {
        "drink",
        "needle",
        "injection",
        "vape",
        "food",
        "unknown",
    }


def test_a_label_and_a_providers_code_are_accepted_as_they_are():
    words = TAXONOMY.words("police_uk", "category")
    step = resolve(column("Burglary", "anti-social-behaviour", "violent-crime"), words, name="category")
    assert step.columns["category"].tolist() == [
        "Burglary",
        "Anti-social behaviour",
        "Violence and sexual offences",
    ]
    assert not step.repairs
    assert not step.problems


def test_a_synonym_is_a_shown_repair():
    step = resolve(column("ABH", "Robbery"), TAXONOMY.words("nte", "offence"), name="category")
    (repair,) = step.repairs
    assert (repair.rule, repair.before.to_dict(), repair.after.to_dict()) == (
        "synonym", {0: "ABH"}, {0: "Violence with injury"},
    )  # fmt: skip


def test_an_unknown_word_is_held_back_with_the_nearest():
    step = resolve(column("neeedle", name="method"), TAXONOMY.words("spiking", "method"), name="factor")
    (found,) = step.problems
    assert (found.outcome, found.reason) == ("quarantined", "unknown_category")
    assert found.explanation[0] == "The method 'neeedle' is not in the list; the nearest is 'needle'."


def test_a_blank_is_held_back_unless_it_means_something():
    words = TAXONOMY.words("spiking", "status")
    assert "is blank" in resolve(column(""), words, name="certainty").problems[0].explanation[0]
    assert resolve(column(""), words, name="certainty", blank="reported").columns["certainty"].tolist() == [
        "reported"
    ]


def test_several_reasons_are_sorted_and_not_repeated():
    step = resolve_many(
        column("Being followed; badly lit;Being followed", "Rundown|Badly lit"), REASONS, name="factor"
    )
    assert step.columns["factor"].tolist() == ["Badly lit|Being followed", "Badly lit|Rundown"]
    assert not step.repairs


def test_one_unknown_reason_holds_the_row_back():
    step = resolve_many(column("Badly lit; Bad vibes", "Poor lighting"), REASONS, name="factor")
    assert "'Bad vibes'" in step.problems[0].explanation[0]
    assert step.repairs[0].after.to_dict() == {1: "Badly lit"}


@pytest.mark.parametrize(("source", "name"), [(s, n) for s, lists in TAXONOMY.lists.items() for n in lists])
def test_every_spelling_resolves_to_its_own_label(source, name):
    words = TAXONOMY.words(source, name)
    for label, more in TAXONOMY.lists[source][name].items():
        spellings = [label, *more.get("codes", ()), *more.get("synonyms", ())]
        step = resolve(column(*spellings), words, name="word")
        assert set(step.columns["word"]) == {label}


def test_words_joined_by_commas_are_told_apart_only_when_all_are_known():
    step = resolve_many(column("Badly lit, Being followed", "Badly lit, Zork"), REASONS, name="factor")
    assert step.columns["factor"].tolist() == ["Badly lit|Being followed", ""]
    (problem,) = step.problems
    assert problem.explanation.index.tolist() == [1]


@pytest.mark.parametrize(
    ("word", "label"),
    [("Member of public", "public"), ("Caller", "public"), ("PCSO", "patrol"), ("Self-generated", "patrol")],
)
def test_who_found_it_is_known_by_the_words_of_incident_logs(word, label):
    words = load_taxonomy().words("nte", "found_by")
    assert resolve(column(word), words, name="detected_by").columns["detected_by"].tolist() == [label]


def test_a_cigarette_is_not_taken_for_a_vape():
    words = load_taxonomy().words("spiking", "method")
    step = resolve(pd.Series(["Cigarette", "e-cigarette"], dtype="str"), words, name="category")
    assert [(one.outcome, one.reason, list(one.explanation.index)) for one in step.problems] == [
        ("quarantined", "unknown_category", [0])
    ]
    assert step.columns["category"][1] == "vape"
