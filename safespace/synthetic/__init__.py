"""The synthetic town of Stonebridge: streets, areas, reports and the truth planted in them, from a seed.

Made-up data in exactly the formats the readers accept, for trying SafeSpace without anyone's real reports
and for tests that need to know the answer. Everything is labelled synthetic.
"""

from __future__ import annotations

from safespace.synthetic.scatter import scatter_reports
from safespace.synthetic.town import Town, build_town
from safespace.synthetic.truth import Link, PlantedPlace, Truth, load_truth

__all__ = ["Link", "PlantedPlace", "Town", "Truth", "build_town", "load_truth", "scatter_reports"]
