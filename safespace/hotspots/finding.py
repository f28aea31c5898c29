"""Where it is really more than usual: one call, from counted cells to a labelled result."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, NoReturn

import h3.api.basic_int as h3
import numpy as np
import pandas as pd

from safespace.cells import add_exposure, neighbours
from safespace.display import in_html, in_short
from safespace.errors import InputError, Remedy, TooFewError
from safespace.hotspots.intensity import GammaPrior, fit_prior, garwood, pull_to_even, smoothed_rates
from safespace.hotspots.method import HotspotMethod
from safespace.hotspots.significance import events_needed, ring_test
from safespace.schemas import CELLS, HOTSPOTS, check, conform
from safespace.tone import Label, percent

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import NDArray

    from safespace.settings import HotspotSettings

logger = logging.getLogger(__name__)

_EXTRA = ("ring_cells", "above_double", "tested")


@dataclass(frozen=True)
class Hotspots:
    """A finding, with everything needed to say what it rests on.

    Parameters
    ----------
    table
        :data:`safespace.schemas.HOTSPOTS` with ``ring_cells``, ``above_double`` (probability of more than
        twice usual) and ``tested``; one row a cell of the window.
    method
        How it was made: :meth:`refind` asks other cells in the same way.
    resolution
        H3 resolution.
    events, pins
        How many were tested: inside the area, where the baseline is not zero.
    left_out
        Events in cells that were not tested, at the edge or without any baseline.
    tested
        How many cells were tested.
    prior
        How rates differ between cells.
    second
        The other layer's finding that the labels take in, or None.
    period
        First and last day of the reports, as text, or None when not stated.
    sources
        Which sources the reports are from.
    """

    table: pd.DataFrame
    method: HotspotMethod
    resolution: int
    events: int
    pins: int
    left_out: int
    tested: int
    prior: GammaPrior
    second: Hotspots | None = field(default=None, repr=False)
    period: tuple[str, str] | None = None
    sources: tuple[str, ...] = ()

    __repr__ = in_short
    _repr_html_ = in_html

    @property
    def baseline(self) -> str:
        """Name of what the events are compared with."""
        return self.method.baseline

    @property
    def hot(self) -> NDArray[np.int64]:
        """Cells that are higher than usual, in ascending order."""
        found: NDArray[np.int64] = self.table.loc[self.table["hot"], "cell"].to_numpy(dtype=np.int64)
        return found

    def basis(self) -> str:
        """Say in one line what the finding rests on."""
        period = f", {self.period[0]} to {self.period[1]}" if self.period else ""
        kinds = f"{self.method.kinds} only: " if self.method.kinds else ""
        return (
            f"{kinds}{self.events:,} events ({self.pins:,} reports{period}) in {self.tested:,} cells at resolution "
            f"{self.resolution}, compared with: {self.baseline}. False discovery rate "
            f"{percent(self.method.false_discovery_rate, space='')}, "
            f"intervals {percent(self.method.interval, space='')}."
        )

    def refind(self, cells: pd.DataFrame) -> Hotspots:
        """Ask the same question of other cells, in the same way.

        Parameters
        ----------
        cells
            Counted cells (:data:`safespace.schemas.CELLS`) of the same resolution, with the same baseline as
            ``exposure``. On the cells it was found in, the finding is the same.

        Raises
        ------
        InputError, SchemaError, TooFewError
            As :func:`find_hotspots`.
        """
        return _find(cells, self.method, second=self.second, period=self.period, sources=self.sources)

    def method_as_dict(self) -> dict[str, Any]:
        """Return for machines how it was made: the method, and the prior that was fitted where none was stated."""
        return {**self.method.as_dict(), "prior": asdict(self.prior), "resolution": self.resolution}


def find_hotspots(
    cells: pd.DataFrame,
    *,
    baseline: str,
    settings: HotspotSettings,
    counted_baseline: bool = False,
    second: Hotspots | None = None,
    period: tuple[str, str] | None = None,
    sources: tuple[str, ...] = (),
) -> Hotspots:
    """Find the cells whose ring holds more events than its share of the baseline.

    Parameters
    ----------
    cells
        Counted cells (:data:`safespace.schemas.CELLS`) with the baseline as ``exposure``.
    baseline
        Name of the baseline, shown with every figure.
    settings
        Rate, interval and fewest events.
    counted_baseline
        Say so when the baseline counts something that happened (recorded incidents): its own chance
        variation then belongs to the test, and cells where it is zero are tested too.
    second
        The finding of the other layer (recorded incidents for public reports): where both are higher the
        label says so. The layers are never added together.
    period, sources
        What the reports cover, carried along.

    Returns
    -------
    Hotspots
        Rows in the order of ``cells``.

    Raises
    ------
    TooFewError
        When there are too few events, or too few cells, for any place to stand out.
    InputError
        When the baseline is zero everywhere, or the second layer has another resolution.
    SchemaError
        When ``cells`` breaks its promise.

    Notes
    -----
    Cells at the edge, and cells without any baseline, are neither tested nor counted: whether data reach
    them is not known. Two claims are kept apart. ``around``: the ring's ``q_value`` is at or below the rate and
    it holds ``min_events`` or more. ``hot``: so it is, and the cell itself holds more than usual and its own
    interval lies above usual too. A cell
    that holds more than usual without its interval showing it is raised only together with its neighbours.
    "Not different" is said only where the ring's exact interval (in a high ring the cell's own) rules out the
    method's ``times_usual``; otherwise there are too few to say.
    "Not different" includes places with fewer than usual. "Usual" is the baseline's, so the finding
    changes with it: see :func:`compare_baselines`. The rate's interval takes the baseline as known; a
    counted one is smoothed first.
    """
    method = HotspotMethod.of(settings, baseline=baseline, counted_baseline=counted_baseline)
    return _find(cells, method, second=second, period=period, sources=sources)


def _find(
    cells: pd.DataFrame,
    method: HotspotMethod,
    *,
    second: Hotspots | None = None,
    period: tuple[str, str] | None = None,
    sources: tuple[str, ...] = (),
) -> Hotspots:
    check(cells, CELLS)
    _refuse_endless(cells, method.baseline)
    counted = _whole(cells, method.baseline) if method.counted_baseline else None
    used = cells if counted is None else cells.assign(exposure=_smoothed(cells, counted, method.baseline))
    tested = (~cells["edge"] & (used["exposure"] > 0)).to_numpy()
    _refuse_unusable(used, tested, method)
    judged, prior = _judge(used, tested, method, counted)
    judged = judged.assign(exposure=cells["exposure"])
    both = _hot_in(second, cells) if second is not None else np.zeros(len(cells), dtype=bool)
    labelled = judged.assign(label=_labels(judged, both, method))
    inside = cells[tested]
    found = Hotspots(
        table=conform(labelled, HOTSPOTS).assign(**{name: labelled[name] for name in _EXTRA}),
        method=method,
        resolution=_resolution(cells),
        events=int(inside["events"].sum()),
        pins=int(inside["pins"].sum()),
        left_out=int(cells["events"].sum() - inside["events"].sum()),
        tested=int(tested.sum()),
        prior=prior,
        second=second,
        period=period,
        sources=sources,
    )
    logger.info("%s of %s cells are higher than usual. %s", len(found.hot), len(cells), found.basis())
    return found


def _resolution(cells: pd.DataFrame) -> int:
    return int(h3.get_resolution(int(cells["cell"].iloc[0])))


def _refuse_unusable(cells: pd.DataFrame, tested: NDArray[np.bool_], method: HotspotMethod) -> None:
    """Raise where no answer would mean anything, saying what would be enough."""
    baseline = method.baseline
    if not tested.any():
        _refuse_zero(cells, baseline)
    events, finer = int(cells.loc[tested, "events"].sum()), "Choose a finer resolution or a larger area."
    if tested.sum() == 1:
        raise TooFewError(
            "One cell has nothing to be compared with.", code="one-cell-only", where=baseline, remedy=finer
        )
    needed = events_needed(
        _usual_share(cells, tested),
        tests=int(tested.sum()),
        false_discovery_rate=method.false_discovery_rate,
        min_events=method.min_events,
    )
    if needed is None:
        seen = f"{int(tested.sum())} cells"
        raise TooFewError(
            "Every ring of cells is the whole area.",
            code="ring-is-whole-area",
            where=baseline,
            seen=seen,
            remedy=finer,
        )
    if events < needed:
        raise TooFewError(
            "There are too few events for any place to stand out.",
            code="too-few-to-stand-out",
            where=baseline,
            seen=f"{events} events in {int(tested.sum())} cells",
            remedy=f"At least {needed} are needed; widen the dates, the area or the sources.",
        )


def _refuse_zero(cells: pd.DataFrame, baseline: str) -> NoReturn:
    if cells["edge"].all():
        raise TooFewError(
            "No cell lies inside the area.",
            code="no-cell-in-area",
            where=baseline,
            seen=f"{len(cells)} cells at the edge",
            remedy="At least two are needed; choose a finer resolution or a larger area.",
        )
    raise InputError(
        "The baseline is zero in every cell.",
        code="baseline-zero",
        where=baseline,
        seen=f"{len(cells)} cells, {int(cells['edge'].sum())} of them at the edge",
        remedy="Choose a baseline that covers the area.",
    )


def _refuse_endless(cells: pd.DataFrame, baseline: str) -> None:
    endless = np.isinf(cells["exposure"])
    if endless.any():
        raise InputError(
            "The baseline has no end in some cells.",
            code="baseline-infinite",
            where=baseline,
            seen=f"{int(endless.sum())} of {len(cells)} cells",
            remedy="Look for a division by zero where it was made.",
        )


def _usual_share(cells: pd.DataFrame, tested: NDArray[np.bool_]) -> float:
    """Return the middle share of the baseline that a ring holds."""
    exposure = cells["exposure"].to_numpy() * tested
    ring = neighbours(cells["cell"]) @ exposure
    # Sums of the whole can come out a rounding error short of it.
    return float(np.median(np.round(ring[tested] / exposure.sum(), 12)))


def _whole(cells: pd.DataFrame, baseline: str) -> NDArray[np.int64]:
    """Return a baseline that is said to be counts as whole numbers, or refuse it."""
    exposure = cells["exposure"].to_numpy()
    counts: NDArray[np.int64] = np.rint(exposure).astype(np.int64)
    if not (counts == exposure).all():
        raise InputError(
            "A counted baseline must hold whole numbers.",
            code="baseline-not-counted",
            where=baseline,
            seen=exposure[counts != exposure][0],
            remedy=Remedy(
                cli="Count per cell, or compare with another baseline.",
                app="Compare with the area of each cell.",
                library="Count per cell, or leave out counted_baseline.",
            ),
        )
    return counts


def _smoothed(cells: pd.DataFrame, counts: NDArray[np.int64], baseline: str) -> NDArray[np.float64]:
    """Return counts pulled towards an even spread over the ground: a zero by luck is not a zero."""
    inside = ~cells["edge"].to_numpy()
    area = cells["area_km2"].to_numpy()
    if counts[inside].sum() == 0:
        _refuse_zero(cells, baseline)
    pulled: NDArray[np.float64] = pull_to_even(counts, area, inside)
    return pulled


def _judge(
    cells: pd.DataFrame,
    tested: NDArray[np.bool_],
    method: HotspotMethod,
    counted: NDArray[np.int64] | None,
) -> tuple[pd.DataFrame, GammaPrior]:
    """Return the cells with their rate, test and finding, and the prior of the rates.

    A cell that is not tested knows nothing of its own: it keeps the prior's rate and a probability of 1.
    """
    events = cells["events"].to_numpy() * tested
    exposure = cells["exposure"].to_numpy() * tested
    expected = exposure * (events.sum() / exposure.sum())
    prior = method.prior or fit_prior(events[tested], expected[tested])
    rates = smoothed_rates(
        events, expected, prior=prior, level=method.interval, times_usual=method.times_usual
    )
    ring = ring_test(events, exposure, neighbours(cells["cell"]), tested=tested, counted=counted)
    around = (
        tested & (ring["q_value"] <= method.false_discovery_rate) & (ring["ring_events"] >= method.min_events)
    )
    # An interval of next to nothing expected is the prior's, not the cell's: it must hold more than usual too.
    own = (rates["lower"] > 1) & (events > expected)
    found = pd.concat([rates, ring], axis="columns").assign(
        expected=expected, around=around, hot=around & own, tested=tested
    )
    return cells.assign(**{str(name): values.to_numpy() for name, values in found.items()}), prior


def _labels(judged: pd.DataFrame, both: NDArray[np.bool_], method: HotspotMethod) -> NDArray[np.str_]:
    """Return the label of each cell, which its own figures must bear."""
    _, highest = garwood(judged["ring_events"], level=method.interval)
    settled = np.where(
        judged["around"],  # what its ring holds is its neighbours': only its own figures tell
        judged["upper"] < method.times_usual,
        highest < method.times_usual * judged["ring_expected"],
    )
    with_neighbours = judged["around"] & (judged["events"] > judged["expected"])
    return np.select(
        [~judged["tested"], judged["hot"] & both, judged["hot"], with_neighbours, settled],
        [Label.NOT_KNOWN, Label.HIGHER_IN_BOTH, Label.HIGHER, Label.AROUND, Label.NOT_DIFFERENT],
        default=Label.TOO_FEW,
    )


def _hot_in(second: Hotspots, cells: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which cells are hot in the other layer."""
    if second.resolution != _resolution(cells):
        raise InputError(
            "The two layers have different resolutions.",
            code="layers-differ-in-resolution",
            seen=f"{_resolution(cells)} and {second.resolution}",
            remedy="Find both at one resolution.",
        )
    return np.isin(cells["cell"].to_numpy(), second.hot)


def compare_baselines(
    cells: pd.DataFrame,
    exposures: Mapping[str, pd.Series],
    *,
    settings: HotspotSettings,
    counted: Collection[str] = (),
) -> dict[str, Hotspots]:
    """Find hotspots under several baselines, and say in each how many of them agree.

    Parameters
    ----------
    cells
        Counted cells.
    exposures
        At least two baselines by name, each indexed by cell.
    settings
        As for :func:`find_hotspots`.
    counted
        Names of the baselines that are counts (``counted_baseline``).

    Returns
    -------
    dict of Hotspots
        By baseline, in the order given. Each table has ``hot_under`` (how many baselines call the cell
        hot), ``known_under`` (how many could test it) and ``agreement`` in words.

    Raises
    ------
    InputError
        When fewer than two baselines are given.
    """
    if len(exposures) < 2:
        raise InputError(
            "A comparison needs two baselines.",
            code="comparison-needs-two-baselines",
            seen=", ".join(exposures) or "none",
            remedy="Add another.",
        )
    method = HotspotMethod.of(settings, baseline="")
    found = {
        name: _find(
            add_exposure(cells, exposure), method.but(baseline=name, counted_baseline=name in counted)
        )
        for name, exposure in exposures.items()
    }
    hot = np.sum([one.table["hot"].to_numpy() for one in found.values()], axis=0)
    known = np.sum([one.table["tested"].to_numpy() for one in found.values()], axis=0)
    words = [f"hot under {h} of {k} baselines" for h, k in zip(hot, known, strict=True)]
    return {
        name: replace(one, table=one.table.assign(hot_under=hot, known_under=known, agreement=words))
        for name, one in found.items()
    }
