from __future__ import annotations

import inspect

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
