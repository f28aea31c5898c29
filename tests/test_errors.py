from __future__ import annotations

import inspect
import pickle

import pytest

from safespace import errors


def classes() -> list[type[errors.SafeSpaceError]]:
    found = [cls for _, cls in inspect.getmembers(errors, inspect.isclass)]
    return [cls for cls in found if issubclass(cls, errors.SafeSpaceError)]


@pytest.mark.parametrize("cls", classes())
def test_every_error_is_drawn_in_the_tree(cls):
    assert cls.__name__ in (errors.__doc__ or "")


@pytest.mark.parametrize("cls", [cls for cls in classes() if cls is not errors.SafeSpaceError])
def test_every_error_is_also_a_builtin(cls):
    assert issubclass(cls, ValueError | RuntimeError | ImportError)


def test_a_message_says_where_what_seen_and_remedy():
    problem = errors.FileError("Not a workbook.", where="a.xlsx, sheet 2", seen="%PDF", remedy="Save as CSV.")
    assert str(problem) == "a.xlsx, sheet 2: Not a workbook. Seen: %PDF. Save as CSV."


def test_a_message_without_details_is_just_the_sentence():
    assert str(errors.TooFewError("Too few to say.")) == "Too few to say."


FACED = errors.Remedy(cli="Give --sheet.", app="Choose a sheet above.", library="Pass sheet.")


@pytest.mark.parametrize(
    ("face", "remedy"),
    [("cli", "Give --sheet."), ("app", "Choose a sheet above."), ("library", "Pass sheet.")],
)
def test_each_face_is_told_its_own_remedy(face, remedy):
    problem = errors.FileError("Two sheets.", code="two-sheets", where="a.xlsx", seen=2, remedy=FACED)
    assert problem.told(face) == f"a.xlsx: Two sheets. Seen: 2. {remedy}"
    assert problem.parts(face) == {
        "code": "two-sheets",
        "what": "Two sheets.",
        "where": "a.xlsx",
        "seen": "2",
        "remedy": remedy,
    }


def test_a_plain_remedy_is_the_same_at_every_face():
    problem = errors.FileError("Not a workbook.", remedy="Save as CSV.")
    assert {problem.told(face) for face in errors.FACES} == {"Not a workbook. Save as CSV."}
    assert problem.code == "file"
    assert errors.FileError.code == "file"


def test_what_is_gathered_is_told_once_each_and_counted_past_five():
    nowhere = [errors.PlaceError(f"No street {number}.", remedy=FACED) for number in (1, 1, 2, 3, 4, 5, 6)]
    problem = errors.PlaceError("Some walks cannot be placed.", causes=nowhere)
    assert problem.told("app") == (
        "Some walks cannot be placed. No street 1. Choose a sheet above. No street 2. Choose a sheet above. "
        "No street 3. Choose a sheet above. No street 4. Choose a sheet above. And 2 more."
    )
    assert [cause["what"] for cause in problem.parts("cli")["causes"]][-1] == "No street 6."


def test_words_and_place_change_in_a_copy():
    problem = errors.AreaError(
        "No a.", code="no-a", seen=["a"], where=None, remedy=FACED, causes=[errors.AreaError("a")]
    )
    other = problem.changed(lambda text: text.replace("a", "b")).located("here")
    assert (other.code, str(other), type(other)) == (
        "no-a",
        "here: No b. b Seen: ['b']. Pbss sheet.",
        errors.AreaError,
    )
    assert str(problem) == "No a. a Seen: ['a']. Pass sheet."


def test_an_error_survives_being_sent_to_another_process():
    problem = errors.TooFewError("Too few.", code="too-few-cells", seen=1, remedy=FACED)
    assert pickle.loads(pickle.dumps(problem)).parts("app") == problem.parts("app")  # noqa: S301 - our own bytes
