"""What callers of the pipeline need from deeper rooms, so that a face imports the pipeline only."""

from __future__ import annotations

from safespace.cells.windows import data_beyond
from safespace.interventions.budgets import Budget
from safespace.routes.limits import Limits
from safespace.sources.formats import describe as describe_formats

__all__ = ["Budget", "Limits", "data_beyond", "describe_formats"]
