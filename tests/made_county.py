"""A made-up county of 2,160 square kilometres and made-up reports in it."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from safespace import cells as grid

COUNTY_KM2 = 2160.0


def _county_ground() -> shapely.Polygon:
    """Return a wobbly outline in equal-area metres."""
    turn = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    radius = 1 + 0.25 * np.sin(3 * turn + 1) + 0.1 * np.cos(7 * turn)
    shape = shapely.Polygon(np.column_stack([radius * np.cos(turn), 1.4 * radius * np.sin(turn)]))
    size = 1000 * np.sqrt(COUNTY_KM2 / shape.area)
    middle = gpd.GeoSeries.from_xy([-1.0], [53.1], crs="EPSG:4326").to_crs(grid.EQUAL_AREA).iloc[0]
    grown = shapely.transform(shape, lambda xy: xy * size)
    return shapely.transform(grown, lambda xy: xy + np.array([middle.x, middle.y]))


class County:
    """The county's outline, its windows by resolution, and uniform points in it."""

    def __init__(self) -> None:
        self.ground = _county_ground()
        self.area = gpd.GeoSeries([self.ground], crs=grid.EQUAL_AREA).to_crs("EPSG:4326").iloc[0]
        self.windows = {r: grid.study_window(self.area, resolution=r) for r in (7, 8, 9)}

    def points(self, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return longitudes and latitudes of points uniform over the county's ground."""
        west, south, east, north = self.ground.bounds
        drawn = rng.uniform([west, south], [east, north], (4 * count, 2))
        kept = drawn[shapely.contains_xy(self.ground, drawn)][:count]
        assert len(kept) == count
        shape = gpd.GeoSeries.from_xy(kept[:, 0], kept[:, 1], crs=grid.EQUAL_AREA).to_crs("EPSG:4326")
        return shape.x.to_numpy(), shape.y.to_numpy()

    def reports(self, count: int, *, seed: int, pins_each: float = 1.0) -> pd.DataFrame:
        """Return placed reports over a year from people at random, each with one or more pins."""
        rng = np.random.default_rng(seed)
        lon, lat = self.points(count, rng)
        pins = 1 + rng.poisson(pins_each - 1, count)
        who = np.repeat(np.arange(count), pins)
        moved = rng.uniform(-5e-5, 5e-5, (2, len(who)))  # within about 10 m
        day = pd.Timestamp("2022-01-25T21:00Z") + pd.to_timedelta(rng.integers(0, 365, count), unit="D")
        when = pd.Series(pd.DatetimeIndex(day)[who]).astype("datetime64[us, UTC]")
        reports = pd.DataFrame(
            {
                "report_id": [f"streetsafe:{number}" for number in range(len(who))],
                "source": "streetsafe",
                "category": "environmental",
                "factor": rng.choice(["lit", "rundown", "isolated"], count)[who],
                "occurred_from": when,
                "occurred_to": when,
                "lon": lon[who] + moved[0] * (pins_each > 1),
                "lat": lat[who] + moved[1] * (pins_each > 1),
            }
        )
        return grid.add_cells(grid.add_events(reports, same_event_m=30))
