"""Compile the inner loops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from numba import njit

if TYPE_CHECKING:
    from collections.abc import Callable

    F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile with numba so that threads run side by side; kept on disk where that can be written."""
    try:
        return cast("F", njit(cache=True, nogil=True)(function))
    except RuntimeError:  # an installed package in a read-only place and no home folder: compile each time
        return cast("F", njit(nogil=True)(function))
