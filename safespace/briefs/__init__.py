"""Briefs that can be handed over: two A4 pages, the same as a web page, and the data files beside them.

One definition (:class:`Brief`) gives every form, so that they cannot say different things; the sentences are
made once, in :mod:`safespace.briefs.wording`, and pass the tone rules.
"""

import lazy_loader

# What is offered stands in __init__.pyi; each name is imported when it is first used.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
