"""How the agreement of two layers looks and reads."""

from __future__ import annotations

from itertools import combinations

import pandas as pd
import shapely
from made_findings import agreed

from safespace.hotspots import AGREEMENT
from safespace.maps import PageText, agreement_page, agreement_table
from safespace.maps.agreement import STYLES
from safespace.maps.palette import contrast, grey_of
from safespace.tone import check_text

CELLS = (617700169958293503, 617700169957769215, 617700169957507071, 617700169958031359)


def table():
    rows = {"cell": CELLS, "agreement": ["felt only", "both", "neither", "too few"]}
    figures = {
        f"{layer}_{part}": [value] * 4
        for layer in ("felt", "recorded")
        for part, value in {"events": 12, "expected": 4.0, "rate": 2.5, "lower": 1.4, "upper": 4.1}.items()
    }
    return pd.DataFrame(rows | figures)


def test_every_class_has_a_look_of_its_own_in_grey_too():
    assert tuple(STYLES) == AGREEMENT
    marks = {style.mark or style.hatch for style in STYLES.values()}
    assert len(marks) == 5, "no class rests on colour alone"
    for style in STYLES.values():
        assert contrast(style.line, "#FFFFFF") >= 3
        assert contrast(style.ink, style.fill) >= 4.5
        assert not check_text(style.words)
    hot = [STYLES[name] for name in AGREEMENT[:3]]
    for one, other in combinations(hot, 2):
        assert grey_of(one.fill) != grey_of(other.fill)


def test_the_table_keeps_the_layers_apart():
    told = agreement_table(agreed(table()), names={CELLS[1]: "High Street"})
    assert list(told.columns) == ["Place", "Cell", "Public reports", "Recorded incidents", "What it means"]
    assert told["Place"].tolist()[0] == "High Street"
    assert told["Public reports"].iloc[0] == "2.5 times its usual (95 % interval 1.4 to 4.1; 12 events)"
    assert told["Cell"].tolist()[2:] == ["1 cell", "1 cell"]
    assert told["What it means"].iloc[1].endswith("in public reports only")


def test_a_page_opens_with_no_network_and_runs_no_name():
    area = shapely.box(-1.2, 52.9, -1.1, 53.0)
    page = agreement_page(
        agreed(table()), area=area, text=PageText(title="Agreement"), names={CELLS[1]: "{{ 7*7 }}<script>"}
    )
    assert page == agreement_page(
        agreed(table()), area=area, text=PageText(title="Agreement"), names={CELLS[1]: "{{ 7*7 }}<script>"}
    )
    assert "{{ 7*7 }}&lt;script&gt;" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "Higher than its usual in recorded incidents only" not in page, "a key lists what is there"
