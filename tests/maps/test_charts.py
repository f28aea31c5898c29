from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from safespace.errors import InputError
from safespace.maps.charts import _caption, _from_noon, hour_chart_svg, trade_off_svg


def test_two_in_the_morning_on_sunday_belongs_to_saturday_night():
    weights = np.zeros((7, 24))
    weights[6, 2] = 5  # Sunday 02:00 of the calendar
    nights = _from_noon(weights, "weekday")
    assert nights[5, 14] == 5
    assert nights.sum() == 5
    assert _from_noon(weights, "night")[6, 14] == 5


def test_caption_names_the_busiest_four_hours():
    nights = np.zeros((7, 24))
    nights[4, 11:15] = 2  # 23:00 to 03:00
    nights[0, 0] = 2
    assert _caption(nights) == "80 % of reports between 23:00 and 03:00"
    assert _caption(np.zeros((7, 24))) == "When: no times received"


def test_hour_chart_same_bytes_and_differs_with_the_data():
    weights = np.arange(168.0).reshape(7, 24)
    assert hour_chart_svg(weights) == hour_chart_svg(weights.copy())
    assert hour_chart_svg(weights) != hour_chart_svg(weights, rows="night")
    assert hour_chart_svg(np.zeros((7, 24))).startswith(b"<svg")


def test_hour_chart_refuses_another_shape():
    with pytest.raises(InputError, match=r"7 days by 24 hours.*\(24, 7\)"):
        hour_chart_svg(np.zeros((24, 7)))
    with pytest.raises(InputError, match="missing or negative"):
        hour_chart_svg(np.full((7, 24), -1.0))


def test_trade_off():
    options = pd.DataFrame({"option": ["A", "B"], "length_m": [900.0, 1100], "reports_nearby": [30.0, 12]})
    front = np.array([[1100.0, 12], [900, 30], [1000, 20]])
    picture = trade_off_svg(options, front=front)
    assert picture == trade_off_svg(options, front=front[::-1])
    assert picture != trade_off_svg(options)
    one = options.iloc[:1].assign(option="Shortest walk")
    assert trade_off_svg(one).startswith(b"<svg")
    with pytest.raises(InputError, match="no walking option"):
        trade_off_svg(options.iloc[:0])
