"""A run that goes on where an earlier one ended, and gives what one run without a break would have given."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from backtrace import __version__
from backtrace.errors import Fault, UsageError
from backtrace.recording import Chosen, Joined, Recording
from backtrace.schedule import Keep, Moment, moment_of
from backtrace.trace import Trace, check_epochs, common, lost_as, trained, with_rates
from backtrace.training import Before, Progress, wanted


def resumed(trace: Trace, epochs: int, keep: Iterable[Keep] | None = None, progress: Progress | None = None) -> Trace:
    """The trace of so many epochs in all, of which some are made.

    Raises:
        UsageError: more are made already.
        NumericError: the numbers left the finite range.
    """
    trace = replace(trace, recording=trace.recording.finite)
    made = len(trace.losses)
    check_epochs(trace.graph, epochs)
    if epochs < made:
        message = f"{made:,} epochs are made already, and {epochs:,} are asked for"
        raise UsageError(Fault(message, hint="--epochs says how many there are in all"))
    kept = set(keep or (1, epochs))
    later = trace.recording
    origin = trace.origin and replace(trace.origin, epochs=epochs, program=__version__)

    def joined(later: Recording) -> Trace:
        recording = _joined(trace, later, {*kept, len(later.losses)})
        return replace(trace, recording=recording, rates={}, origin=origin)

    if made < epochs and not later.stopped:
        before = Before(trace.losses, later.state)
        with lost_as(joined):
            later = trained(trace.graph, epochs, kept, trace.rounding, progress, before)
    found = joined(later)
    return with_rates(found, common(found, epochs), origin.values if origin else {})


def _joined(trace: Trace, later: Recording, kept: Collection[Keep]) -> Recording:
    """What is recorded of both, as one run would have recorded it."""
    recorded, updates = trace.recording.records, trace.graph.updates_per_epoch
    moments = [moment for moment in recorded if _is_kept(moment, updates, kept)]
    before = Chosen(recorded, moments)
    batches = {moment: trace.recording.batches[moment] for moment in moments if moment in trace.recording.batches}
    if later is trace.recording:
        return replace(later, records=before, batches=batches)
    records = Joined(before, later.records, len(trace.losses))
    return replace(later, records=records, batches={**batches, **later.batches})


def _is_kept(moment: Moment, updates: int, kept: Collection[Keep]) -> bool:
    return (moment.epoch in kept and moment.update in wanted(moment.epoch, updates, kept)) or moment in kept


def refuse_absent(trace: Trace, keep: Iterable[Keep]) -> None:
    """Refuse epochs, or updates of one, that were made but not recorded: they are not made again.

    Raises:
        UsageError: there is one among some to be recorded.
    """
    made, recorded, updates = len(trace.losses), set(trace.recording.records), trace.graph.updates_per_epoch
    for each, (epoch, _) in sorted(((each, moment_of(each)) for each in keep), key=lambda pair: pair[1][0]):
        for update in sorted(wanted(epoch, updates, {each})) if epoch <= made else ():
            if Moment(epoch, update) not in recorded:
                trace.refuse(epoch, update if updates > 1 else None)
