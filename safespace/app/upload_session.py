"""What one person has under way on the Data page, and the one job that is being done for them.

Streamlit starts the page again at every click, also while the run before is still at work, and then ends that
run at its next call. So a job is claimed once, its outcome is put here before anything is drawn, and a run
that comes while it is going on waits for it: a second click does nothing.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import streamlit as st

from safespace.errors import SafeSpaceError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from safespace.app.findings import Findings
    from safespace.pipeline import Offer

    Outcome: TypeAlias = Callable[[], None]

Found = TypeVar("Found")

_KEPT = "data_desk"
_LOOK_AGAIN_S = 0.05


@dataclass
class UploadSession:
    """The files in hand and what came of them.

    Parameters
    ----------
    turn
        How many times the files were put away; names the file chooser, so that it is emptied.
    number
        How many offers were made; names the choices of columns, so that they start afresh.
    in_hand
        Which files, source and sheet the rest is about.
    offer, found, found_with
        How they would be read, what reading them gave, and the choices they were read with.
    done
        Sentences about what was last added or taken out.
    leaving
        The load that would be taken out of force, to be confirmed.
    problem
        Why the last job failed.
    """

    turn: int = 0
    number: int = 0
    in_hand: Hashable = ()
    offer: Offer | None = None
    found: Findings | None = None
    found_with: Hashable = ()
    done: tuple[str, ...] = ()
    leaving: str = ""
    problem: SafeSpaceError | None = None
    job: str = ""
    _begun: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def take_up(self, in_hand: Hashable) -> bool:
        """Start afresh when other files are in hand; true when they are."""
        if in_hand == self.in_hand:
            return False
        self.in_hand, self.offer, self.found, self.problem = in_hand, None, None, None
        self.number += 1
        return True

    def put_away(self) -> None:
        """Let go of the files and of what was read from them."""
        self.turn += 1
        self.in_hand, self.offer, self.found, self.problem = (), None, None, None

    def attempt(self, look: Callable[[], Found], otherwise: Found) -> Found:
        """Return what looking at the files gives, or keep why it failed."""
        try:
            return look()
        except SafeSpaceError as problem:
            self.problem = problem
            return otherwise

    def ask(self, job: str) -> None:
        """Ask for a job, unless one is being done."""
        with self._lock:
            if not self.job:
                self.job, self.problem, self.done = job, None, ()

    def work(self, job: str, action: Outcome) -> None:
        """Do the job that was asked for, or wait for the run that is doing it."""
        if not self._claim(job):
            while self.job == job:
                time.sleep(_LOOK_AGAIN_S)
            return
        try:
            action()
        except SafeSpaceError as problem:
            self.problem = problem
        finally:
            with self._lock:
                self.job, self._begun = "", False

    def cancel(self) -> None:
        """Forget a job that was asked for and that this page cannot begin any more."""
        with self._lock:
            if not self._begun:
                self.job = ""

    def _claim(self, job: str) -> bool:
        with self._lock:
            if self.job != job or self._begun:
                return False
            self._begun = True
            return True


def upload_session() -> UploadSession:
    """Return this session's uploads."""
    kept: UploadSession = st.session_state.setdefault(_KEPT, UploadSession())
    return kept
