from .scatter import scatter_reports
from .town import Town, build_town
from .truth import Link, PlantedPlace, Truth, load_truth

__all__ = ["Link", "PlantedPlace", "Town", "Truth", "build_town", "load_truth", "scatter_reports"]
