"""The one grid: H3 cells, what is counted in them, and what the counts are compared with.

Every statistic takes a cells frame (:data:`safespace.schemas.CELLS`) and never points, so two figures can
not silently use two grids. Frames join on ``cell``, never on position. ``cell_8`` is the exact cell of a
report at resolution 8: six or seven in a hundred points lie outside their parent cell, so children are
never rolled up.
"""

import lazy_loader

# What is offered stands in __init__.pyi; each name is imported when it is first used.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
