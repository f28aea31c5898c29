"""Walking options between two places, compared by what is known about them.

Not a route planner for the public: it compares conditions along walks so that a partnership can decide
which segments to improve first.
"""

import lazy_loader

# What is offered stands in __init__.pyi; each name is imported when it is first used.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
