"""How the rivals are timed: processor time around the run alone, and a fair way to cut a long one.

Every rival tells the stopwatch about each referral as it arrives. The stopwatch counts them and, now and
then, looks whether the allowance of processor time is spent; if so it ends the run from inside. The rivals
thus need no loop of their own around their engine, which would change what is being timed.
"""

from __future__ import annotations

import gc
from time import process_time
from types import TracebackType


class TimeUp(Exception):
    """The allowance of processor time is spent; caught by the stopwatch itself."""


class Stopwatch:
    """Context manager that times its body and swallows the `TimeUp` it raises there.

    Attributes:
        referrals: referrals counted so far.
        cpu_seconds: processor time of the body, once it has ended.
        stopped_early: whether the body was cut.
    """

    #: Referrals between two looks at the clock: each look costs the rival time that is not its own.
    LOOK_EVERY = 64

    def __init__(self, max_cpu_seconds: float | None = None) -> None:
        self.max_cpu_seconds = float("inf") if max_cpu_seconds is None else max_cpu_seconds
        self.referrals = 0
        self.cpu_seconds = 0.0
        self.stopped_early = False
        self._started = 0.0

    def __enter__(self) -> Stopwatch:
        gc.collect()  # what an earlier run left behind is not this run's cost
        self._started = process_time()
        return self

    def referral(self) -> None:
        """Count one referral.

        Raises:
            TimeUp: when the allowance is found spent.
        """
        self.referrals += 1
        if self.referrals % self.LOOK_EVERY == 0 and process_time() - self._started > self.max_cpu_seconds:
            raise TimeUp

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self.cpu_seconds = process_time() - self._started
        self.stopped_early = kind is not None and issubclass(kind, TimeUp)
        return self.stopped_early
