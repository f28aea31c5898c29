"""Speed of the hierarchical model beside scipy's sparse factor; asserted only when benchmarks are enabled."""

from __future__ import annotations

import time
from functools import partial

import numpy as np
import pytest
import shapely
from scipy.sparse.linalg import splu

from safespace.cells import neighbours, study_window
from safespace.hotspots import find_hotspots
from safespace.hotspots.model import Method, fit_cells
from safespace.hotspots.model.field import make_field
from safespace.hotspots.model.threads import one_thread_each
from safespace.settings import HotspotSettings

BOXES = {8: (-1.52, 52.78, -1.01, 53.33), 9: (-1.35, 52.80, -0.67, 53.225)}  # 3,200 and 23,000 cells inside
SMALL = (-1.30, 52.85, -1.10, 53.00)
METHOD = Method(seed=1)


def county(resolution, *, full):
    """Return a county with 544 events that vary by place and by themselves."""
    window = study_window(shapely.box(*(BOXES[resolution] if full else SMALL)), resolution=resolution)
    rng = np.random.default_rng(1)
    share = np.where(window["edge"], 0, window["area_km2"]) * rng.gamma(0.7, 1 / 0.7, len(window))
    field = make_field(neighbours(window["cell"]))
    precision = field.precision(0.0, np.log(4.0)).matrix
    share *= np.exp(field.elimination.factor(precision.data).draw(rng.normal(size=(len(window), 1)))[:, 0])
    events = rng.multinomial(544, share / share.sum())
    return window.assign(events=events, pins=events)


def peer(cells):
    """Return a call of scipy's factor of the model's matrix, and of ours."""
    field = make_field(neighbours(cells["cell"]))
    precision = field.precision(0.0, np.log(4.0)).matrix
    columns = precision.tocsc()
    return partial(splu, columns, permc_spec="COLAMD"), partial(field.elimination.factor, precision.data)


@pytest.mark.parametrize(("resolution", "most"), [(8, 0.6), (9, 0.6)])
def test_factor_beside_scipys(benchmark, resolution, most):
    theirs, ours = peer(county(resolution, full=not benchmark.disabled))
    with one_thread_each():
        ours()
        benchmark.pedantic(ours, rounds=5)
        if benchmark.disabled:
            return
        ratio = min(_cpu_s(ours) for _ in range(5)) / min(_cpu_s(theirs) for _ in range(5))
    benchmark.extra_info["over_scipys"] = ratio
    assert ratio <= most


@pytest.mark.parametrize("resolution", [8, 9])
def test_whole_model_in_factors_of_scipys(benchmark, resolution):
    """Search, 15 sets of hyperparameters, intervals, 400 draws and ranks: in factorisations of scipy's, by CPU time."""
    cells = county(resolution, full=not benchmark.disabled)
    fit_cells(cells, METHOD)  # compiled and graph made beforehand
    found = benchmark.pedantic(fit_cells, args=(cells, METHOD), rounds=1)
    assert len(found.table) == int((~cells["edge"]).sum())
    if benchmark.disabled:
        return
    theirs, _ = peer(cells)
    with one_thread_each():
        alone = min(_cpu_s(theirs) for _ in range(5))
    cpu_s = min(_cpu_s(partial(fit_cells, cells, METHOD)) for _ in range(2))
    benchmark.extra_info["cpu_s"] = cpu_s
    benchmark.extra_info["factors_of_scipys"] = cpu_s / alone
    # the prototype took about 45 tries with four factors each, and integrated over nothing
    assert cpu_s <= 70 * alone


def test_everything_for_544_reports_beside_the_ring_test_alone(benchmark):
    """What the model adds to a finding at resolution 8."""
    cells = county(8, full=not benchmark.disabled)
    fit_cells(cells, METHOD)
    settings = HotspotSettings()
    benchmark.pedantic(fit_cells, args=(cells, METHOD), rounds=2)
    if not benchmark.disabled:
        finding = min(
            _cpu_s(partial(find_hotspots, cells, baseline="area", settings=settings)) for _ in range(5)
        )
        benchmark.extra_info["over_a_finding"] = _cpu_s(partial(fit_cells, cells, METHOD)) / finding


def _cpu_s(call):
    start = time.process_time()
    call()
    return time.process_time() - start
