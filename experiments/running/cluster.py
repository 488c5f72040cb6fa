"""Many simulations on the machines of a cluster: batches of them go out, results come back, and nothing else changes.

The cluster is whatever answers at the address of a Dask scheduler, with any number of workers, which may come and
go. Each piece of work that goes out is a batch of runs, together with what those need and nothing more, so that a
worker that has just come knows as much as one that was there from the beginning. A batch takes about two seconds:
long beside the cost of sending it, short beside what is lost if the command is killed. The workers never write: the
command that sent the batch does, as with processes of its own (:mod:`experiments.running.pool`).

A worker that dies costs nothing but time. The batch that it had is tried again by Dask, and if it keeps killing its
workers, run by run, with nothing else under way: whichever run does so again is the guilty one.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from experiments.running.pool import WORKER_DIED, Failure, Outcome, guarded, set_common, sigterm_like_ctrl_c
from sim.errors import InputError

if TYPE_CHECKING:
    from distributed import Client, Future

Task = TypeVar("Task")
Value = TypeVar("Value")

#: Wall-clock seconds that a batch should take.
BATCH_SECONDS = 2.0
#: Runs in the first batches, when nothing is known yet, and in any.
FIRST_BATCH, MOST_IN_A_BATCH = 2, 200
#: Seconds to wait for the scheduler to answer, and between two looks at the size of the cluster.
ANSWER_SECONDS, LOOK_SECONDS = 10.0, 1.0


@dataclass(frozen=True)
class Batch(Generic[Value]):
    """What a worker sends back: a value or a failure for each run, and the seconds all of them took.

    ``versions``: of the model there, if it is not the one asked for; then nothing was run.
    """

    results: tuple[Value | Failure, ...]
    seconds: float
    versions: Mapping[str, str] | None = None


def run_on_cluster(
    function: Callable[[Task], Value],
    tasks: Iterable[Task],
    address: str,
    common_for: Callable[[Sequence[Task]], object],
    versions: Mapping[str, str],
) -> Iterator[Outcome[Task, Value]]:
    """Run ``function`` on every task on a cluster; yield outcomes as they come.

    Args:
        function: called on a worker with one task; importable there by name.
        tasks: picklable; read lazily.
        address: of the scheduler, for example ``tcp://node7:8786``.
        common_for: what a batch of tasks needs besides themselves (see :func:`experiments.running.pool.in_common`).
        versions: of the model and what compiles it; a worker with others is refused, since its numbers might differ
            in the last digit.

    Raises:
        InputError: no scheduler at the address, a worker that has another version of the model or none, or the
            connection is lost.
        KeyboardInterrupt: on Ctrl-C, and on SIGTERM in the main thread; what has not begun is taken back.
    """
    client = _connected(address)
    flight = _Flight(client, function, common_for, versions)
    todo = iter(tasks)
    suspects: deque[Task] = deque()
    with sigterm_like_ctrl_c():
        try:
            while True:
                if suspects and not flight.under_way:
                    flight.send([suspects.popleft()], trial=True)
                elif not suspects and not flight.trial:
                    while flight.has_room() and (batch := list(islice(todo, flight.batch_size))):
                        flight.send(batch)
                if not flight.under_way:
                    return
                for batch, came, trial in flight.landed():
                    if isinstance(came, Batch):
                        yield from _outcomes(batch, came, address)
                    elif came == WORKER_DIED and not trial:
                        suspects.extend(batch)
                    else:
                        yield from (Outcome(task, failure=came) for task in batch)
        finally:
            flight.take_back()


def _outcomes(batch: Sequence[Task], came: Batch[Value], address: str) -> Iterator[Outcome[Task, Value]]:
    if came.versions is not None:
        raise InputError(
            f"executor.address={address}: a worker there has another version of the model, or of what compiles it "
            f"({', '.join(f'{k} {v}' for k, v in came.versions.items())}); install the same on all machines"
        )
    for task, result in zip(batch, came.results, strict=True):
        yield Outcome(task, failure=result) if isinstance(result, Failure) else Outcome(task, result)


class _Flight(Generic[Task, Value]):
    """The batches under way, and how many there should be of what size."""

    def __init__(
        self,
        client: Client,
        function: Callable[[Task], Value],
        common_for: Callable[[Sequence[Task]], object],
        versions: Mapping[str, str],
    ) -> None:
        self.client = client
        self.under_way: dict[Future, list[Task]] = {}
        self.batch_size = FIRST_BATCH
        self._what = (function, common_for, dict(versions))
        self.trial = False
        self._seconds, self._runs = 0.0, 0
        self._room, self._looked = 0, 0.0

    def send(self, batch: list[Task], trial: bool = False) -> None:
        """Let a batch go out; on trial, it goes alone and nothing follows until it has come back."""
        self.trial = trial
        function, common_for, versions = self._what
        with _told_in_words(self.client):
            future = self.client.submit(
                run_batch, function, tuple(batch), common_for(batch), versions, pure=False
            )
        self.under_way[future] = batch

    def has_room(self) -> bool:
        """Two batches for each worker, so that none waits for its next; one if there is no worker yet."""
        now = time.monotonic()
        if now - self._looked > LOOK_SECONDS:
            with _told_in_words(self.client):
                self._room = max(2 * len(self.client.nthreads()), 1)
            self._looked = now
        return len(self.under_way) < self._room

    def landed(self) -> Iterator[tuple[list[Task], Batch[Value] | Failure, bool]]:
        """Batches that have come back since, with what came and whether they were on trial."""
        from distributed import wait

        with _told_in_words(self.client), self.client.as_current():
            try:
                done = wait(list(self.under_way), timeout=LOOK_SECONDS, return_when="FIRST_COMPLETED").done
            except TimeoutError:
                if self.client.status != "running":
                    raise ConnectionError("closed") from None
                return
        for future in done:
            batch = self.under_way.pop(future)
            came = self._what_came(future)
            future.release()
            if isinstance(came, Batch) and came.results:
                self._seconds += came.seconds
                self._runs += len(came.results)
                wanted = round(BATCH_SECONDS * self._runs / max(self._seconds, 1e-9))
                # no more than twice the last: the first runs may be slower or faster than the rest
                self.batch_size = max(1, min(wanted, 2 * self.batch_size, MOST_IN_A_BATCH))
            trial, self.trial = self.trial, False
            yield batch, came, trial

    def _what_came(self, future: Future) -> Batch[Value] | Failure:
        from distributed import KilledWorker

        with _told_in_words(self.client):
            if future.status == "cancelled":
                raise ConnectionError("the scheduler has forgotten what it was asked for")
            error = future.exception()
            if error is None:
                batch: Batch[Value] = future.result()
                return batch
        if isinstance(error, KilledWorker):
            return WORKER_DIED
        if isinstance(error, ImportError):
            raise InputError(
                f"executor.address={self.client.scheduler.address if self.client.scheduler else ''}: "
                f"a worker there cannot load OpenDoor ({error}); install the same on all machines"
            )
        return Failure(type(error).__name__, str(error))

    def take_back(self) -> None:
        """Take back what has not begun, and leave."""
        try:
            if self.under_way and self.client.status == "running":
                self.client.cancel(list(self.under_way), asynchronous=False)
        except Exception:
            pass
        finally:
            self.client.close(timeout=2)


class _told_in_words:
    """Around talk with the scheduler: a lost connection is told as one sentence."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        from distributed import CancelledError
        from distributed.comm import CommClosedError

        if isinstance(error, (OSError, CommClosedError, CancelledError)) and not isinstance(
            error, InputError
        ):
            reason = " ".join(str(error).split()) or type(error).__name__
            raise InputError(
                f"executor=dask: the connection to the scheduler is lost ({reason}); what had ended is kept, "
                "and the same command goes on from there"
            ) from None


def _connected(address: str) -> Client:
    """A client of the scheduler at ``address``.

    Raises:
        InputError: the library is not installed, or nobody answers.
    """
    try:
        from distributed import Client
    except ImportError:
        raise InputError(
            "executor=dask: needs the library distributed; install it with pip install 'opendoor[cluster]'"
        ) from None
    # what happens to the runs is told by this command; the library would add tracebacks of its own
    for name in ("distributed", "tornado", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        return Client(address, timeout=ANSWER_SECONDS, set_as_default=False, name="opendoor-sweep")
    except (OSError, ValueError, TimeoutError) as e:
        reason = " ".join(str(e).split()) or type(e).__name__
        raise InputError(f"executor.address={address}: no scheduler answers there ({reason})") from None


# ---------------------------------------------------------------------------------------- on a worker

#: A simulation uses one core and what its process holds in common: one at a time in each process.
_ONE_AT_A_TIME = threading.Lock()


def run_batch(
    function: Callable[[Task], Value], tasks: Sequence[Task], common: object, versions: Mapping[str, str]
) -> Batch[Value]:
    """On a worker: every task of a batch, one after the other."""
    with _ONE_AT_A_TIME:
        here = _versions_here()
        if here != dict(versions):
            return Batch((), 0.0, here)
        set_common(common)
        began = time.monotonic()
        results = tuple(guarded(function, task) for task in tasks)
        return Batch(results, time.monotonic() - began)


_known_versions: list[dict[str, str]] = []


def _versions_here() -> dict[str, str]:
    if not _known_versions:
        from experiments.sweeps.plan import model_versions

        _known_versions.append(model_versions())
    return _known_versions[0]
