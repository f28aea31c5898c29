"""The synthetic town of Stonebridge: streets, areas, reports and the truth planted in them, from a seed.

Made-up data in exactly the formats the readers accept, for trying SafeSpace without anyone's real reports
and for tests that need to know the answer. Everything is labelled synthetic.
"""

import lazy_loader

# What is offered stands in __init__.pyi; each name is imported when it is first used.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
