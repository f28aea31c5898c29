"""Findings set beside each other, cell by cell: the scan beside the ring test, the felt beside the recorded.

Nothing is added together. What people felt and what was recorded have denominators of their own, and a
count of both would have none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from safespace.errors import InputError
from safespace.tone import Label

if TYPE_CHECKING:
    from safespace.hotspots.finding import Hotspots
    from safespace.hotspots.method import HotspotMethod
    from safespace.hotspots.scan import Scan

AGREEMENT = ("both", "felt only", "recorded only", "neither", "too few")


@dataclass(frozen=True)
class Agreed:
    """Two layers beside each other, each with how it was made.

    ``table`` is that of :func:`agree`; ``felt`` and ``recorded`` are the methods of the two findings.
    """

    table: pd.DataFrame
    felt: HotspotMethod
    recorded: HotspotMethod


def with_scan(hotspots: Hotspots, scan: Scan) -> Hotspots:
    """Return the finding with what the scan says of each of its cells.

    Parameters
    ----------
    hotspots
        From :func:`safespace.hotspots.find_hotspots`.
    scan
        From :func:`safespace.hotspots.scan_cells`, of the same cells and the same baseline.

    Returns
    -------
    Hotspots
        Its table with ``scan_p_poisson``, ``scan_p_shuffle``, ``scan_p_one_cell``, ``scan_p_value`` (put
        together, see :func:`safespace.hotspots.scan_cells`), ``scan_ratio`` (events over expected in the disc), ``scan_place`` (rank of the disc the
        cell lies in, 0 for none) and ``scan_higher``; see :meth:`safespace.hotspots.Scan.by_cell`. A cell
        that was not scanned has probabilities and a ratio of 1.

    Raises
    ------
    InputError
        When the scan is of other events or against another baseline.

    Notes
    -----
    The ring test still decides what is hot. A probability is the disc's: all cells of a disc share it.
    """
    theirs, ours = (scan.method.baseline, scan.events), (hotspots.baseline, hotspots.events)
    if theirs not in {ours, (f"events beside {hotspots.baseline}", hotspots.events)}:
        raise InputError(
            "The scan and the finding are not of the same events and baseline.",
            code="scan-of-another-finding",
            seen=f"{scan.events:,} beside {scan.method.baseline}, {hotspots.events:,} beside {hotspots.baseline}",
            remedy="Make both from the same counted cells.",
        )
    told = scan.by_cell().reindex(hotspots.table["cell"].to_numpy())
    chances = dict.fromkeys(("p_poisson", "p_shuffle", "p_one_cell", "p_value"), 1.0)
    plain = {**chances, "ratio": 1.0, "place": 0, "higher": False}
    kind = {name: type(value) for name, value in plain.items()}
    filled = {name: told[name].where(told[name].notna(), value) for name, value in plain.items()}
    added = {f"scan_{name}": values.to_numpy().astype(kind[name]) for name, values in filled.items()}
    return replace(hotspots, table=hotspots.table.assign(**added))


def agree(felt: Hotspots, recorded: Hotspots) -> Agreed:
    """Say of each cell whether what people felt and what was recorded agree, each beside its own baseline.

    Parameters
    ----------
    felt
        The finding of public reports.
    recorded
        The finding of recorded incidents on the same cells, found on its own.

    Returns
    -------
    Agreed
        With the methods of both, and a table in the order of ``felt``: ``cell``, ``felt_hot``, ``recorded_hot``, for each layer ``_events``,
        ``_expected``, ``_rate``, ``_lower`` and ``_upper``, and ``agreement``: "both", "felt only",
        "recorded only" or "neither" higher than usual, or "too few" where a layer that is not higher
        cannot tell (too few events, or no data), so that "only" would be a guess.

    Raises
    ------
    InputError
        When the two do not have the same cells.

    Notes
    -----
    The layers are never added together: each rate is beside its own baseline, and a rate of one is no rate
    of the other. "Felt only" is not a mistake of those who reported: most of what makes people uneasy is
    not a recorded incident. Each layer can find a place by chance in one layer of twenty.

    Examples
    --------
    >>> AGREEMENT
    ('both', 'felt only', 'recorded only', 'neither', 'too few')
    """
    one, other = felt.table, recorded.table.set_index("cell")
    if len(one) != len(other) or not one["cell"].isin(other.index).all():
        raise InputError(
            "The two layers do not have the same cells.",
            code="layers-differ-in-cells",
            seen=f"{len(one):,} cells at resolution {felt.resolution}, {len(other):,} at {recorded.resolution}",
            remedy="Count both in one study window.",
        )
    beside = other.loc[one["cell"]].reset_index()
    hot, theirs = one["hot"].to_numpy(), beside["hot"].to_numpy()
    unsaid = [layer["label"].isin([Label.TOO_FEW, Label.NOT_KNOWN]).to_numpy() for layer in (one, beside)]
    known = (hot | ~unsaid[0]) & (theirs | ~unsaid[1])
    choices = [hot & theirs, known & hot, known & theirs, known]
    columns = ["events", "expected", "rate", "lower", "upper"]
    table = pd.DataFrame(
        {
            "cell": one["cell"].to_numpy(),
            "felt_hot": hot,
            "recorded_hot": theirs,
            **{f"felt_{name}": one[name].to_numpy() for name in columns},
            **{f"recorded_{name}": beside[name].to_numpy() for name in columns},
            "agreement": np.select(choices, list(AGREEMENT[:4]), default=AGREEMENT[4]),
        }
    )
    return Agreed(table, felt.method, recorded.method)
