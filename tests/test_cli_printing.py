from __future__ import annotations

import pandas as pd

from safespace.cli import printing


def test_few_rows_of_many_columns_go_one_below_the_other(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    wide = pd.DataFrame([{f"a_long_heading_{k}": 1234.5 for k in range(12)}])
    printing.show(wide, "Wide")
    told = capsys.readouterr().out
    assert "a long heading 11" in told
    assert told.count("1,234.50") == 12
    assert max(map(len, told.splitlines())) <= 60


def test_a_long_table_is_as_wide_as_it_is_in_a_pipe(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    long = pd.DataFrame({f"a_long_heading_{k}": range(9) for k in range(12)})
    printing.show(long, "Long [of brackets]")
    told = capsys.readouterr().out.splitlines()
    assert max(map(len, told)) > 60
    assert any("a long heading 0" in line and "a long heading 11" in line for line in told)


def test_nothing_is_a_heading_alone(capsys):
    printing.show(pd.DataFrame({"name": []}), "None")
    assert "name" in capsys.readouterr().out
