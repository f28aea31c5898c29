"""What to improve first: scenarios on the street graph, before and after, and a ranked list of fixes.

A scenario changes what is known of some edges and nothing else. Effects here are changes in conditions
along walks, in metres; what a measure has been found to do to reports is told by its expectation card and
never computed.
"""

from __future__ import annotations

from safespace.interventions.bounds import Bound, best_possible
from safespace.interventions.budgets import UNITS, Budget, Price
from safespace.interventions.comparing import Comparison, before_after, compare_walks
from safespace.interventions.fixes import Fixes, rank_fixes
from safespace.interventions.measures import CARDS, EXPECTATIONS, Card
from safespace.interventions.saved import Saved, Scenarios, SegmentRef, checked_name, find_segments, refer
from safespace.interventions.scenarios import Scenario, Walk, apply, closed_at
from safespace.interventions.weights import (
    UNKNOWN_PRIOR,
    UNLIT_PRICE,
    Searches,
    fingerprint,
    prior_in_words,
    walking_cost,
)

__all__ = [
    "CARDS",
    "EXPECTATIONS",
    "UNITS",
    "UNKNOWN_PRIOR",
    "UNLIT_PRICE",
    "Bound",
    "Budget",
    "Card",
    "Comparison",
    "Fixes",
    "Price",
    "Saved",
    "Scenario",
    "Scenarios",
    "Searches",
    "SegmentRef",
    "Walk",
    "apply",
    "before_after",
    "best_possible",
    "checked_name",
    "closed_at",
    "compare_walks",
    "find_segments",
    "fingerprint",
    "prior_in_words",
    "rank_fixes",
    "refer",
    "walking_cost",
]
