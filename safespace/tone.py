"""The words to avoid and prefer, with their sources, and a linter for generated and typed text.

The table lives in ``tone.toml``, a versioned data file with a named owner. :func:`check_text` finds
what to look at again, :func:`require_clean` stops what must not be published, and an
:class:`Override` lets a named person keep a phrase for a stated reason (a quotation, a legal term), so
that nobody has to paste around the linter.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

from safespace.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

Level: TypeAlias = Literal["red", "amber"]
Edition: TypeAlias = Literal["police", "partner", "volunteer", "public"]


class Label(StrEnum):
    """What is said of a cell or a place: a code for tables and comparisons, a fixed sentence for people.

    Nothing compares sentences, so their words can change and what was stored still means the same. Files that
    people open hold both, ``label`` and ``meaning``.

    Examples
    --------
    >>> Label.TOO_FEW.value, Label("too_few").sentence
    ('too_few', 'Too few to say')
    """

    TOO_FEW = "too_few"
    NOT_DIFFERENT = "not_different"
    HIGHER = "higher"
    ONE_CELL = "one_cell"
    AROUND = "around"
    HIGHER_IN_BOTH = "higher_in_both"
    NOT_KNOWN = "not_known"
    HIDDEN = "hidden"

    @property
    def sentence(self) -> str:
        """The fixed sentence that people read."""
        return _SENTENCES[self]


_SENTENCES = {
    Label.TOO_FEW: "Too few to say",
    Label.NOT_DIFFERENT: "Not different from its usual",
    Label.HIGHER: "Higher than its usual; could be reporting",
    Label.ONE_CELL: "One cell stands out; a few people could have made this",
    Label.AROUND: "Raised only together with the cells around it",
    Label.HIGHER_IN_BOTH: "Higher than its usual in both public reports and recorded incidents",
    Label.NOT_KNOWN: "Not known — no data received",
    Label.HIDDEN: "Hidden to protect people",
}
FIXED_SENTENCES = tuple(label.sentence for label in Label)

ABSENCE = "A place with no reports may be safe, little used, or a place where people do not report."

_SENTENCE_END = re.compile(r"[.!?](?:\s|$)|\n\s*\n")
# Typed text comes from word processors: the same letter in another dress must not slip through.
_PLAIN = str.maketrans(
    {"\u2019": "'", "\u2018": "'", "\u2010": "-", "\u2011": "-", "\u2013": "-", "\u00a0": " "}
)
_INVISIBLE = frozenset("\u00ad\u200b\u200c\u200d\u2060\ufeff")


def sentences_of(labels: Iterable[str]) -> list[str]:
    """Return the sentence of each label, in the order given.

    Examples
    --------
    >>> sentences_of(["too_few", "hidden"])
    ['Too few to say', 'Hidden to protect people']
    """
    return [Label(label).sentence for label in labels]


def percent(share: float, *, space: str = " ") -> str:
    """Return a share in per cent as it was chosen, never rounded to another.

    Examples
    --------
    >>> percent(0.95), percent(0.975), percent(0.005, space="")
    ('95 %', '97.5 %', '0.5%')
    """
    return f"{100 * share:.4g}{space}%"


@dataclass(frozen=True)
class Flag:
    """Words to look at again.

    ``words`` is the text as it was typed, ``start`` and ``end`` its half-open character positions, and
    ``rule`` the name of the rule in ``tone.toml``.
    """

    words: str
    start: int
    end: int
    rule: str
    why: str
    prefer: str
    source: str
    level: Level


@dataclass(frozen=True)
class Override:
    """A named person's decision to keep flagged words, with the reason.

    Raises
    ------
    InputError
        When the person or the reason is blank: an override nobody stands for is none.
    """

    flag: Flag
    who: str
    reason: str

    def __post_init__(self) -> None:
        if not (self.who.strip() and self.reason.strip()):
            raise InputError(
                "An override needs a person and a reason.",
                code="override-incomplete",
                seen=f"who {self.who!r}, reason {self.reason!r}",
                remedy="Name who decided and why the words have to stand.",
            )


@dataclass(frozen=True)
class Standing:
    """A passage that stands although a rule flags its words, with who decided and why."""

    passage: str
    who: str
    reason: str


@dataclass(frozen=True)
class _Rule:
    name: str
    level: Level
    why: str
    prefer: str
    source: str
    pattern: re.Pattern[str]
    unless: re.Pattern[str] | None
    editions: tuple[str, ...]


def check_text(text: str, *, edition: Edition = "police") -> tuple[Flag, ...]:
    """Find the words of a text that the tone rules flag.

    Parameters
    ----------
    text
        What a person typed or the product generated.
    edition
        Who will read it; some words are kept for the police only.

    Returns
    -------
    tuple of Flag
        In the order of the text. A flag lying inside a longer one is left out, as are words inside a
        passage that stands (:func:`standing_passages`).

    Notes
    -----
    A list of words cannot judge meaning: text without flags can still blame, and a quotation can be
    flagged. Read it as a colleague's pencil marks.

    Examples
    --------
    >>> [flag.words for flag in check_text("Girls putting themselves at risk near the station.")]
    ['putting themselves at risk']
    >>> check_text("18 incidents were recorded between 1 May and 31 October.")
    ()
    """
    plain, positions = _plain(text)
    kept = [span for standing in standing_passages() for span in _spans(plain, standing.passage)]
    found = [
        _flag(rule, text, positions, match)
        for rule in _rules()
        if not rule.editions or edition in rule.editions
        for match in rule.pattern.finditer(plain)
        if not _excused(rule, plain, match)
        and not any(a <= match.start() and match.end() <= b for a, b in kept)
    ]
    return _widest(found)


def require_clean(text: str, overrides: Iterable[Override] = (), *, edition: Edition = "police") -> str:
    """Return the text when no red flag is left without an override.

    An override answers for the words at any place of the text, whatever their case.

    Raises
    ------
    InputError
        Naming every red flag left, why, and what to write instead.

    Examples
    --------
    >>> require_clean("Relight the path beside the canal.")
    'Relight the path beside the canal.'
    """
    answered = {(item.flag.rule, item.flag.words.casefold()) for item in overrides}
    open_flags = [
        flag
        for flag in check_text(text, edition=edition)
        if flag.level == "red" and (flag.rule, flag.words.casefold()) not in answered
    ]
    if open_flags:
        raise InputError(
            "Some words cannot be published as they stand.",
            code="words-not-publishable",
            seen="; ".join(f"{flag.words!r}: {flag.why}" for flag in open_flags),
            remedy="Write instead: "
            + " / ".join(dict.fromkeys(flag.prefer for flag in open_flags))
            + ". Or record an override with your name and the reason.",
        )
    return text


def standing_passages() -> tuple[Standing, ...]:
    """Return the passages that stand although a rule flags their words, with who decided and why."""
    return tuple(Standing(**entry) for entry in _table()["standing"])


def version() -> str:
    """Return the version of the word table, to print beside text that was checked with it."""
    return str(_table()["version"])


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(files("safespace").joinpath("tone.toml").read_text(encoding="utf-8"))


@cache
def _rules() -> tuple[_Rule, ...]:
    return tuple(_rule(entry) for entry in _table()["rule"])


def _rule(entry: dict[str, Any]) -> _Rule:
    case = 0 if entry.get("as_typed") else re.IGNORECASE
    return _Rule(
        name=entry["name"],
        level=cast("Level", entry["level"]),
        why=entry["why"],
        prefer=entry["prefer"],
        source=entry["source"],
        pattern=_whole_words(entry["pattern"], case),
        unless=_whole_words(entry["unless"], re.IGNORECASE) if "unless" in entry else None,
        editions=tuple(entry.get("editions", ())),
    )


def _whole_words(patterns: list[str], flags: int) -> re.Pattern[str]:
    # Longest alternative first, so that a flag shows the whole phrase and not its first word.
    joined = "|".join(sorted(patterns, key=len, reverse=True)).replace(" ", r"\s+")
    return re.compile(rf"(?<![\w])(?:{joined})(?![\w])", flags)


def _plain(text: str) -> tuple[str, list[int]]:
    """Return the text with plain quotes, hyphens and spaces, and where each character came from."""
    kept = [(character, place) for place, character in enumerate(text) if character not in _INVISIBLE]
    return "".join(character for character, _ in kept).translate(_PLAIN), [place for _, place in kept]


def _spans(plain: str, passage: str) -> list[tuple[int, int]]:
    words = r"\s+".join(map(re.escape, passage.translate(_PLAIN).split()))
    return [match.span() for match in re.finditer(words, plain)]


def _excused(rule: _Rule, plain: str, match: re.Match[str]) -> bool:
    if rule.unless is None:
        return False
    start = max((end.end() for end in _SENTENCE_END.finditer(plain, 0, match.start())), default=0)
    after = _SENTENCE_END.search(plain, match.end())
    return rule.unless.search(plain, start, after.end() if after else len(plain)) is not None


def _flag(rule: _Rule, text: str, positions: list[int], match: re.Match[str]) -> Flag:
    start, end = positions[match.start()], positions[match.end() - 1] + 1
    return Flag(text[start:end], start, end, rule.name, rule.why, rule.prefer, rule.source, rule.level)


def _widest(flags: list[Flag]) -> tuple[Flag, ...]:
    """Drop a flag that lies inside another; of two on the same words keep the red one."""
    order = sorted(flags, key=lambda flag: (flag.start, -flag.end, flag.level != "red"))
    shown: list[Flag] = []
    for flag in order:
        if not any(other.start <= flag.start and flag.end <= other.end for other in shown):
            shown.append(flag)
    return tuple(shown)
