"""Work that falls into parts, on the cores there are, with the same result on any number of them."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from threadpoolctl import threadpool_limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Part = TypeVar("Part")
Made = TypeVar("Made")

MOST_THREADS = 4  # each holds a factor: 25 MB at 21,000 cells


def in_threads(function: Callable[[Part], Made], parts: Iterable[Part]) -> list[Made]:
    """Return what a function makes of each part, in the order of the parts."""
    with ThreadPoolExecutor(min(MOST_THREADS, os.cpu_count() or 1)) as pool:
        return list(pool.map(function, parts))


def one_thread_each() -> threadpool_limits:
    """Return a context in which BLAS does not split its small matrices between threads.

    Two threads that wait for each other made a factorisation thirty times slower on a busy machine of two cores.
    """
    return threadpool_limits(limits=1, user_api="blas")
