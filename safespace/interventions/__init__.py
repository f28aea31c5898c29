"""What to improve first: scenarios on the street graph, before and after, and a ranked list of fixes.

A scenario changes what is known of some edges and nothing else. Effects here are changes in conditions
along walks, in metres; what a measure has been found to do to reports is told by its expectation card and
never computed.
"""

import lazy_loader

# What is offered stands in __init__.pyi; each name is imported when it is first used.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
