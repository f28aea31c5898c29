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
from safespace.hotspots.model import Method, RateModel, fit_rates
from safespace.hotspots.overdispersion import (
    LocalDispersion,
    Nests,
    dispersed_at_least,
    local_dispersion,
    rough_dispersion,
)
from safespace.hotspots.significance import FEW_EVENTS, STANDS_ALONE, events_needed, ring_test
from safespace.schemas import CELLS, HOTSPOTS, check, conform
from safespace.tone import Label, percent

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import NDArray

    from safespace.settings import HotspotSettings

logger = logging.getLogger(__name__)

_EXTRA = ("ring_cells", "p_without_largest", "above_double", "tested")


@dataclass(frozen=True)
class Hotspots:
    """A finding, with everything needed to say what it rests on.

    Parameters
    ----------
    table
        :data:`safespace.schemas.HOTSPOTS` with ``ring_cells``, ``p_without_largest`` (chance of the ring without
        its largest cell's events), ``above_double`` (probability of more than twice usual) and ``tested``; one row a
        cell of the window.
    method
        How it was made: :meth:`refind` asks other cells in the same way.
    resolution
        H3 resolution.
    events, pins
        How many were tested: inside the area, where the baseline is not zero.
    left_out
        Events inside the area in cells that were not tested, having nothing of the baseline.
    tested
        How many cells were tested.
    prior
        How rates differ between cells.
    dispersion
        How much more neighbouring counts vary than by chance; the test allows for it.
    model
        Where the rates are from, or None where they are each cell's own.
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
    dispersion: LocalDispersion = field(default_factory=LocalDispersion)
    model: RateModel | None = field(default=None, repr=False)
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
            f"intervals {percent(self.method.interval, space='')}, rates from {self.method.rates_words}. {self.dispersion.words()}{self._between_months()}"
        )

    def _between_months(self) -> str:
        known = self.method.dispersion
        if known is None:
            return " How counts vary over time is not known: intervals take it as chance."
        if known == 1:
            return ""
        return f" Counts vary {known:.1f} times as much between months as by chance; intervals and test allow for it."

    @property
    def allowed_dispersion(self) -> float:
        """Variance over mean that the test allows for: between neighbours or between time slices, the larger."""
        return _allowed(self.method, self.dispersion)

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
        known = None if self.model is None else self.model.hyperparameters
        return _find(
            cells,
            self.method,
            second=self.second,
            period=self.period,
            sources=self.sources,
            hyperparameters=known,
        )

    def method_as_dict(self) -> dict[str, Any]:
        """Return for machines how it was made: the method, and the prior that was fitted where none was stated."""
        fitted = {"prior": asdict(self.prior), "local_dispersion": asdict(self.dispersion)}
        return {**self.method.as_dict(), **fitted, "resolution": self.resolution}


def find_hotspots(
    cells: pd.DataFrame,
    *,
    baseline: str,
    settings: HotspotSettings,
    counted_baseline: bool = False,
    dispersion: float | None = None,
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
    dispersion
        Variance over mean of counts between time slices, where it is known.
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
    Counts that come in clumps (people who report again, shared map points) vary more than chance everywhere. How
    much is measured among neighbouring cells away from any place found, and the test allows for it
    (:func:`safespace.hotspots.local_dispersion`): without that, 1.6 reports a person make a place in every layer.
    "Not different" is said only where the ring's exact interval (in a high ring the cell's own) rules out the
    method's ``times_usual``; otherwise there are too few to say.
    "Not different" includes places with fewer than usual. "Usual" is the baseline's, so the finding
    changes with it: see :func:`compare_baselines`. The rate's interval takes the baseline as known; a
    counted one is smoothed first.
    """
    method = HotspotMethod.of(
        settings, baseline=baseline, counted_baseline=counted_baseline, dispersion=dispersion
    )
    return _find(cells, method, second=second, period=period, sources=sources)


def _find(
    cells: pd.DataFrame,
    method: HotspotMethod,
    *,
    second: Hotspots | None = None,
    period: tuple[str, str] | None = None,
    sources: tuple[str, ...] = (),
    hyperparameters: pd.DataFrame | None = None,
) -> Hotspots:
    check(cells, CELLS)
    _refuse_endless(cells, method.baseline)
    counted = _whole(cells, method.baseline) if method.counted_baseline else None
    used = cells if counted is None else cells.assign(exposure=_smoothed(cells, counted, method.baseline))
    tested = (~cells["edge"] & (used["exposure"] > 0)).to_numpy()
    _refuse_unusable(used, tested, method)
    called, dispersion = _call(used, tested, method, counted)
    rates, prior, model = _rates(used, tested, method, hyperparameters)
    judged = _judge(cells, tested, called, rates, method.interval)
    both = _hot_in(second, cells) if second is not None else np.zeros(len(cells), dtype=bool)
    labelled = judged.assign(label=_labels(judged, both, method, _allowed(method, dispersion)))
    inside = cells[tested]
    found = Hotspots(
        table=conform(labelled, HOTSPOTS).assign(**{name: labelled[name] for name in _EXTRA}),
        method=method,
        resolution=_resolution(cells),
        events=int(inside["events"].sum()),
        pins=int(inside["pins"].sum()),
        left_out=int(cells.loc[~cells["edge"], "events"].sum() - inside["events"].sum()),
        tested=int(tested.sum()),
        prior=prior,
        dispersion=dispersion,
        model=model,
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
    share = _usual_share(cells, tested)
    needed = events_needed(
        share,
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
            remedy=f"At least {needed} are needed; widen the dates, the area or the sources{_or_finer(share)}.",
        )


def _or_finer(share: float) -> str:
    """Return what else helps where a ring of cells is most of the area: nothing much stands out from itself."""
    return ", or choose a finer resolution" if share > 1 / 2 else ""


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


def _allowed(method: HotspotMethod, local: LocalDispersion) -> float:
    return max(1.0, local.value, method.dispersion or 1.0)


def _call(
    cells: pd.DataFrame,
    tested: NDArray[np.bool_],
    method: HotspotMethod,
    counted: NDArray[np.int64] | None,
) -> tuple[pd.DataFrame, LocalDispersion]:
    """Return the rings' test with ``around``, and the dispersion that it allows for.

    Each decides the other, so they take turns, from what the middle of all cells shows: the rings that are too high (beside
    counts also those too low: a place of theirs) are left aside and dispersion is measured among the other cells; with that more or fewer are found, and so on until
    nothing changes. A place is left aside for as long as it is found, so that it does not hide itself.
    """
    events, exposure = (cells[name].to_numpy() * tested for name in ("events", "exposure"))
    beside = None if counted is None else counted * tested
    ring, nests = neighbours(cells["cell"]), Nests.of(cells["cell"])
    dispersion = LocalDispersion(rough_dispersion(events, exposure, nests), 0.0, 1)
    seen: list[float] = []
    while True:
        allowed = _allowed(method, dispersion)
        rings = ring_test(events, exposure, ring, tested=tested, counted=beside, dispersion=allowed)
        enough = rings["ring_events"].to_numpy() >= method.min_events
        rings["around"] = tested & enough & (rings["q_value"].to_numpy() <= method.false_discovery_rate)
        if dispersion.value in seen:
            break
        seen.append(dispersion.value)
        low = rings["low_q_value"].to_numpy() <= method.false_discovery_rate
        apart = rings["around"].to_numpy() | (low & (counted is not None))
        others = ~(ring @ apart.astype(float) > 0)
        measured = local_dispersion(
            events * others, exposure * others, nests, counted=None if beside is None else beside * others
        )
        # of values that lead to each other the larger is allowed for
        dispersion = max(measured, dispersion, key=_value) if measured.value in seen[:-1] else measured
    own = dispersed_at_least(events, events.sum(), exposure / exposure.sum(), dispersion=allowed)
    return rings.assign(own_p_value=np.where(tested, own, 1.0)), dispersion


def _value(dispersion: LocalDispersion) -> float:
    return dispersion.value


def _rates(
    cells: pd.DataFrame,
    tested: NDArray[np.bool_],
    method: HotspotMethod,
    hyperparameters: pd.DataFrame | None,
) -> tuple[pd.DataFrame, GammaPrior, RateModel | None]:
    """Return the rates of the cells, the prior of single cells, and the model where the rates are from one.

    A cell that is not tested knows nothing of its own: it keeps the prior's rate.
    """
    events, exposure = (cells[name].to_numpy() * tested for name in ("events", "exposure"))
    expected = exposure * (events.sum() / exposure.sum())
    prior = method.prior or fit_prior(events[tested], expected[tested])
    alone = smoothed_rates(
        events, expected, prior=prior, level=method.interval, times_usual=method.times_usual
    ).assign(expected=expected)
    if method.rates == "cells":
        return alone, prior, None
    asked = Method(
        seed=method.seed,
        level=method.interval,
        above=tuple(sorted({1.0, 1.5, method.times_usual})),
        dispersion=max(1.0, method.dispersion or 1.0),
    )
    order = np.argsort(cells["cell"].to_numpy())  # so that the draws do not hang on the order of rows
    ordered = cells["cell"].to_numpy()[order]
    model = fit_rates(
        events[order],
        exposure[order],
        neighbours(ordered),
        method=asked,
        cells=ordered,
        hyperparameters=hyperparameters,
    )
    told = model.table.set_index("cell").reindex(cells["cell"].to_numpy()).reset_index()
    told = told.rename(columns={f"p_above_{method.times_usual:g}": "above_double"})
    names = ["rate", "lower", "upper", "above_double"]
    return alone.assign(**told[names].fillna(alone[names])), prior, model


def _judge(
    cells: pd.DataFrame,
    tested: NDArray[np.bool_],
    called: pd.DataFrame,
    rates: pd.DataFrame,
    level: float,
) -> pd.DataFrame:
    """Return the cells with their rate, test and finding."""
    # An interval of next to nothing expected is the prior's, not the cell's: it must hold more than usual too, and
    # by more than clumps would make it.
    more = (cells["events"].to_numpy() > rates["expected"]) & (called["own_p_value"] <= (1 - level) / 2)
    own = (rates["lower"] > 1) & more
    found = pd.concat([rates, called], axis="columns").assign(
        hot=called["around"] & own.to_numpy(), tested=tested
    )
    return cells.assign(**{str(name): values.to_numpy() for name, values in found.items()})


def _stands_alone(judged: pd.DataFrame) -> pd.Series:
    """Return which cells make their ring high on their own, with no more events than a few people could report."""
    others = judged["ring_events"] - judged["events"]
    alone = (judged["p_without_largest"] >= STANDS_ALONE) & (judged["events"] > others)
    return judged["hot"] & alone & (judged["events"] <= FEW_EVENTS)


def _labels(
    judged: pd.DataFrame, both: NDArray[np.bool_], method: HotspotMethod, dispersion: float
) -> NDArray[np.str_]:
    """Return the label of each cell, which its own figures must bear."""
    _, highest = garwood(judged["ring_events"] / dispersion, level=method.interval)
    settled = np.where(
        judged["around"],  # what its ring holds is its neighbours': only its own figures tell
        judged["upper"] < method.times_usual,
        dispersion * highest < method.times_usual * judged["ring_expected"],
    )
    with_neighbours = judged["around"] & (judged["events"] > judged["expected"])
    return np.select(
        [
            ~judged["tested"],
            judged["hot"] & both,
            _stands_alone(judged),
            judged["hot"],
            with_neighbours,
            settled,
        ],
        [
            Label.NOT_KNOWN,
            Label.HIGHER_IN_BOTH,
            Label.ONE_CELL,
            Label.HIGHER,
            Label.AROUND,
            Label.NOT_DIFFERENT,
        ],
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
