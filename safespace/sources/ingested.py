"""What reading one source gave: the reports, and what became of every other row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from safespace.errors import SchemaError
from safespace.schemas import REJECTS, REPAIRS, REPORTS, check
from safespace.sources.remedies import remedy

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd


# so many places are told where there are more
_SHOWN_LINES = 5


@dataclass(frozen=True)
class Ingested:
    """The outcome of reading one source's files; its sums balance or it cannot be made.

    Parameters
    ----------
    source
        Which provider (one of :data:`safespace.registry.SOURCES`).
    files
        Names of the files read, an archive's members as ``archive.zip/member.csv``.
    content_hash
        SHA-256 over the files' bytes and the mapping, hexadecimal.
    read
        Rows read, blank lines and headers not counted.
    reports
        :data:`safespace.schemas.REPORTS`, one row a report accepted or repaired.
    rejects
        :data:`safespace.schemas.REJECTS`, one row a row that was not.
    repairs
        :data:`safespace.schemas.REPAIRS`, one row a value changed; a row may have several.
    synthetic
        Made-up data.
    notes
        Sentences about the files as a whole: columns not used, encodings mended, choices made.
    recorded
        The counts as a store holds them, for files that were loaded before and not read again: ``reports`` has
        no rows then, while rejects and repairs are the store's.

    Raises
    ------
    SchemaError
        When a table breaks its promise, or when the outcomes do not add up to the rows read.
    """

    source: str
    files: tuple[str, ...]
    content_hash: str
    read: int
    reports: pd.DataFrame
    rejects: pd.DataFrame
    repairs: pd.DataFrame
    synthetic: bool
    notes: tuple[str, ...] = ()
    recorded: Mapping[str, int] | None = None

    def __post_init__(self) -> None:
        check(self.reports, REPORTS)
        check(self.rejects, REJECTS)
        check(self.repairs, REPAIRS)
        counts = self.counts()
        told = sum(counts.values()) - counts["read"]
        if told != self.read or min(counts.values()) < 0:
            raise SchemaError(
                "The outcomes do not add up to the rows read.",
                code="outcomes-unbalanced",
                where=self.source,
                seen=counts,
                remedy="Nothing was loaded. Report this with the file's headers: the reader has lost count.",
            )

    def counts(self) -> dict[str, int]:
        """Return rows read and how many had each outcome; the five outcomes sum to ``read``."""
        if self.recorded is not None:
            return dict(self.recorded)
        repaired = len(self.repairs[["file", "row"]].drop_duplicates())
        held = self.rejects["outcome"].value_counts()
        return {
            "read": self.read,
            "accepted": len(self.reports) - repaired,
            "repaired": repaired,
            **{name: int(held.get(name, 0)) for name in ("quarantined", "rejected", "excluded")},
        }


def summarise(rejects: pd.DataFrame) -> pd.DataFrame:
    """Count the rejects by outcome and reason, most frequent first.

    Parameters
    ----------
    rejects
        :data:`safespace.schemas.REJECTS`.

    Returns
    -------
    DataFrame
        ``outcome, reason, explanation`` (of the first such row) ``, rows, lines`` (the first few) and ``remedy``.
    """
    groups = _with_lines(rejects).groupby(["outcome", "reason"], sort=True)
    summary = groups.agg(
        explanation=("explanation", "first"), rows=("row", "size"), lines=("lines", _first_lines)
    ).reset_index()
    summary["remedy"] = summary["reason"].map(remedy).astype("str")
    return summary.sort_values(
        ["rows", "outcome", "reason"], ascending=[False, True, True], ignore_index=True
    )


def summarise_repairs(repairs: pd.DataFrame) -> pd.DataFrame:
    """Count the repairs by rule, most frequent first.

    Parameters
    ----------
    repairs
        :data:`safespace.schemas.REPAIRS`.

    Returns
    -------
    DataFrame
        ``rule, before, after`` (of the first such cell) ``, cells, lines`` (the first few).
    """
    groups = _with_lines(repairs).groupby("rule", sort=True)
    summary = groups.agg(
        before=("before", "first"),
        after=("after", "first"),
        cells=("row", "size"),
        lines=("lines", _first_lines),
    ).reset_index()
    return summary.sort_values(["cells", "rule"], ascending=[False, True], ignore_index=True)


def _with_lines(rows: pd.DataFrame) -> pd.DataFrame:
    lines = rows["row"].astype("str")
    several = len(rows["file"].unique()) > 1
    return rows.assign(lines=rows["file"].astype("str") + ":" + lines if several else lines)


def _first_lines(lines: pd.Series) -> str:
    # of a path inside an archive the last part tells enough
    return ", ".join(line.rsplit("/", 1)[-1] for line in lines.head(_SHOWN_LINES)) + (
        " …" if len(lines) > _SHOWN_LINES else ""
    )
