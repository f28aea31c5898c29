from .bounds import Bound, best_possible
from .budgets import UNITS, Budget, Price
from .comparing import Comparison, before_after, compare_walks
from .fixes import Fixes, FixMethod, rank_fixes
from .measures import CARDS, EXPECTATIONS, Card
from .saved import Saved, Scenarios, SegmentRef, checked_name, find_segments, refer
from .scenarios import Scenario, Walk, apply, closed_at
from .weights import (
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
    "FixMethod",
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
