"""Walking a plan: the one way in which anything is ever written.

For each step: take a place among the writes, read, compare with the plan, announce in the journal,
write once, record. Several actions are at work at a time; roots come before the profiles that point
at them, deletions last. The first write of each kind is read back before the second is sent: how
Graph behaves there is inferred, so it is tried on one profile first. At the end everything is read
back; only what is seen counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import count
from typing import Any, Final

from intune_scep.changes.abreast import walk_abreast
from intune_scep.changes.approval import Approvals
from intune_scep.changes.endings import StepEndedError, judged
from intune_scep.changes.expectation import Expectation, Reading
from intune_scep.changes.gate import Gate
from intune_scep.changes.missed import listed_types, missed
from intune_scep.changes.plan import Action, Plan
from intune_scep.changes.readback import Readback
from intune_scep.changes.record import TAKE_BACK, ActionRecord, RunRecord, StepRecord
from intune_scep.changes.record_log import RecordWriter
from intune_scep.changes.report import Outcome, first_outcome
from intune_scep.changes.status import DONE, Hold, Status
from intune_scep.changes.steps import PreImage, Reference, Seen, Step, Wire, id_of
from intune_scep.changes.steps.delete import Delete
from intune_scep.changes.steps.writing import (
    Setting,
    StepWrite,
    Subject,
)
from intune_scep.changes.twins import Twins
from intune_scep.changes.watch import Watch
from intune_scep.errors import (
    AuthenticationError,
    GraphError,
    GraphTransportError,
    IntuneScepError,
    JournalError,
)
from intune_scep.graph.pacing import WritePlace
from intune_scep.graph.write_once import Written, write_once
from intune_scep.tenant import Tenant

_FORBIDDEN: Final = 403
_MOST_IN_A_ROW: Final = 3


class Walk:
    """One run over the actions of a plan.

    Args:
        tenant: Where to write.
        run: The plan, and what an earlier run recorded of it.
        journal: Open for appending.
        watch: Who is told, and who may ask to stop.

    Attributes:
        notes: What was noticed, in sentences.
    """

    def __init__(self, tenant: Tenant, run: RunRecord, journal: RecordWriter, watch: Watch) -> None:
        self.notes: list[str] = []
        self._tenant = tenant
        self._run = run
        self._plan: Plan = run.plan
        self._journal = journal
        self._watch = watch
        self._outcomes = {action.key: first_outcome(action) for action in self._plan.actions}
        self._subjects: dict[str, Subject] = {}
        self._expected: dict[str, Expectation] = {}
        self._gate = Gate(watch.stop)
        self._gone: set[str] = set()
        self._readback = Readback(tenant, self._plan.pages, listed_types(self._plan))
        self._twins = Twins(tenant, self._plan)
        self._approvals = Approvals(tenant, run, self._note)
        self._refusals = 0
        self._unseen = 0
        self._took_effect = False
        self._journal_works = True

    @property
    def stopped(self) -> str | None:
        """Why no further action was begun; None if all were."""
        return self._gate.closed

    async def run(self) -> tuple[Outcome, ...]:
        """Carry out every action, going on after failures, then read everything back."""
        todo = [action for action in self._plan.writing if self._is_left(action)]
        done = count(1)

        async def write(action: Action) -> None:
            await self._write(action)
            self._watch.progress(next(done), len(todo), action.name)

        await walk_abreast(todo, write, waits_for=lambda action: action.after)
        await self._read_back(todo)
        if (note := self._readback.note) is not None:
            self.notes.append(note)
        await self._delete(todo)
        made = {subject.id for subject in self._subjects.values() if subject.made}
        self.notes += await self._twins.notes(made)
        if not self._watch.stop.requested:
            self.notes += await missed(self._tenant, self._plan, self._readback.listed, made)
        if self._journal_works and not self.stopped:
            self._note("end")
        return tuple(self._outcomes[action.key] for action in self._plan.actions)

    def _is_left(self, action: Action) -> bool:
        record = self._run.record(action)
        if not record.is_over:
            return True
        outcome = self._outcomes[action.key]
        if record.ending is Status.CONFLICT:
            self._outcomes[action.key] = outcome.but(Status.CONFLICT, record.message)
        else:
            message = "Done before the run was cut short."
            self._outcomes[action.key] = outcome.but(
                Status.UNCHANGED, message, id=record.id, version=record.version
            )
            if record.id is not None:
                made = action.creates
                self._subjects[action.key] = Subject(record.id, action.odata_type, made=made)
        return False

    # One action

    async def _write(self, action: Action) -> None:
        try:
            self._gate.require_open()
        except StepEndedError as error:
            self._hold(action, str(error))
            return
        record = self._run.record(action)
        if action.id is not None:
            self._subjects[action.key] = Subject(action.id, action.odata_type)
        first = True
        for number, step in enumerate(action.steps):
            if step.deletes:
                continue
            if not await self._step(action, number, step, record, first=first):
                return
            first = False

    def _hold(self, action: Action, message: str, hold: Hold = Hold.STOPPED) -> None:
        record = self._run.record(action)
        written = any(
            step.is_open or step.status is Status.APPLIED for step in record.steps.values()
        )
        outcome = self._outcomes[action.key]
        self._outcomes[action.key] = replace(
            outcome.but(Status.HELD_BACK, message, hold=hold), written=outcome.written or written
        )

    async def _step(
        self, action: Action, number: int, step: Step, record: ActionRecord, *, first: bool
    ) -> bool:
        """Carry out one step; whether the action may go on."""
        try:
            self._require_earlier(step.waits_for if step.deletes else action.after)
            async with self._gate.turn(step.kind):
                await self._carry_out(action, number, step, record, first=first)
        except IntuneScepError as error:
            self._end_badly(action, number, error)
            if action.whole and not step.deletes:
                await self._take_back(action)
            return False
        return True

    async def _carry_out(
        self, action: Action, number: int, step: Step, record: ActionRecord, *, first: bool
    ) -> None:
        write = self._prepared(action, number, step, record, first=first)

        async def place() -> WritePlace:
            return await self._gate.place(
                self._tenant.session.take_write_place, begun=lambda: self._is_begun(action)
            )

        async def send(begun: bool) -> Written[Any]:
            return await write_once(
                write,
                place=place,
                patience=self._tenant.patience,
                begun=begun,
                doubt=self._gate.doubt,
            )

        written = await self._approvals.send(action, number, write, send)
        alone = self._settle_step(action, number, step, write, written)
        if written.sent or write.begun:
            await self._prove(action, step, alone)

    def _is_begun(self, action: Action) -> bool:
        """Whether the action has written something, so that it is to be finished."""
        return self._outcomes[action.key].written or self._run.record(action).begun

    def _require_earlier(self, keys: Sequence[str]) -> None:
        for key in keys:
            earlier = self._outcomes[key]
            going_on = earlier.status is Status.PLANNED and earlier.written
            if earlier.status in DONE or going_on or key in self._gone:
                continue
            raise StepEndedError(
                Status.HELD_BACK,
                f"Not tried, because of {earlier.action.name!r}: {earlier.message}",
                hold=Hold.APPROVAL if earlier.hold is Hold.APPROVAL else Hold.DEPENDENCY,
            )

    def _prepared(
        self, action: Action, number: int, step: Step, record: ActionRecord, *, first: bool
    ) -> StepWrite[Any]:
        done = record.steps.get(number)
        filed = (action.key, number) in self._run.requests
        announced = done.pre_image if done and (filed or _may_have_landed(done)) else None
        seen = action.seen if first and not record.begun else None
        if step.creates:
            subject = Subject("", action.odata_type, made=True)
        elif step.deletes:
            # The profile that was planned on, which is not the one that an action made instead.
            subject, seen = Subject(action.id or "", action.odata_type), action.seen
        else:
            subject = self._subject(action, record)

        def remember(pre_image: PreImage) -> None:
            self._announce(action, number, subject, pre_image)

        return step.write(self._setting(subject, seen, remember, announced, filed=filed))

    def _setting(
        self,
        subject: Subject,
        seen: Seen | None,
        remember: Callable[[PreImage], None],
        announced: PreImage | None,
        *,
        filed: bool = False,
    ) -> Setting:
        return Setting(
            self._tenant,
            subject,
            seen,
            remember,
            announced,
            self._root_id,
            self._twins.namesakes,
            filed,
        )

    def _subject(self, action: Action, record: ActionRecord) -> Subject:
        if (known := self._subjects.get(action.key)) is not None:
            return known
        made = record.made_id(action)
        if made is None:
            raise StepEndedError(Status.FAILED, "Nothing says which profile this step is about.")
        return self._subjects.setdefault(action.key, Subject(made, action.odata_type, made=True))

    def _root_id(self, reference: Reference | None) -> str | None:
        def made(key: str) -> str:
            subject = self._subjects.get(key)
            if subject is not None:
                return subject.id
            name = self._run.by_key[key].name
            raise StepEndedError(
                Status.HELD_BACK,
                f"Not tried: the trusted root {name!r} was not made.",
                hold=Hold.DEPENDENCY,
            )

        return id_of(reference, made)

    def _announce(self, action: Action, number: int, subject: Subject, pre_image: PreImage) -> None:
        if not self._journal_works or not self._is_begun(action):
            self._gate.require_open()
        self._note(
            "intention",
            action=action.key,
            step=number,
            id=subject.id or None,
            pre_image=pre_image.to_dict(),
        )
        self._outcomes[action.key] = replace(self._outcomes[action.key], written=True)

    def _settle_step(
        self, action: Action, number: int, step: Step, write: StepWrite[Any], written: Written[Any]
    ) -> Expectation:
        """Keep what a step that ended well leaves to be known.

        Returns:
            What the step alone should have led to.
        """
        self._refusals = self._unseen = 0
        self._took_effect = True
        write.landed(written.value)
        subject = write.subject
        if not step.deletes:
            self._subjects[action.key] = subject
        if subject.made:
            self._twins.made(subject.id)
        if not self._readback.counts_by_one:
            subject.edition = None
        touched = written.sent or write.begun
        outcome = self._outcomes[action.key]
        self._outcomes[action.key] = replace(
            outcome,
            id=outcome.id if step.deletes else subject.id,
            written=outcome.written or touched,
            message=_message(written, begun=write.begun) or outcome.message,
        )
        if touched:
            self._note_outcome(action, number, Status.APPLIED, None, subject.id)
        elif write.announced:
            # Somebody else did the same before anything of it could be sent.
            self._note_outcome(action, number, Status.UNCHANGED, None, subject.id)
        alone = self._expect(action, step, subject, write.before_it(written.value))
        if (lack := write.lack(written.value)) is not None:
            raise StepEndedError(Status.FAILED, lack)
        return alone

    def _expect(
        self, action: Action, step: Step, subject: Subject, before: Wire | None
    ) -> Expectation:
        blank = Expectation(subject.id, subject.odata_type, also=_patched(action))
        earlier = self._expected.get(action.key)
        if earlier is None or step.creates or step.deletes:
            earlier = blank
        self._expected[action.key] = step.expect(earlier, before, self._root_id)
        # What an earlier step asked for is proven by itself; it may not show yet.
        return step.expect(
            replace(blank, made=earlier.made),
            before if earlier.asked is None or step.properties else None,
            self._root_id,
        )

    async def _prove(self, action: Action, step: Step, alone: Expectation) -> None:
        """See the effect of the first write of its kind before the second is sent."""
        if self._gate.is_proven(step.kind):
            return
        [reading] = await self._readback.settle([alone], self._tenant.patience)
        self._readback.learn(alone, reading)
        if not self._readback.counts_by_one and action.key in self._subjects:
            self._subjects[action.key].edition = None
        if reading.status is Status.APPLIED:
            self._gate.prove(step.kind)
            return
        self._gate.close(
            f"The first {step.noun} of the run did not have the intended effect on"
            f" {action.name or action.id}, so no other was tried."
        )
        raise StepEndedError(reading.status, reading.message or "")

    # Bad endings

    def _end_badly(self, action: Action, number: int, error: IntuneScepError) -> None:
        if isinstance(error, JournalError):
            self._journal_works = False
            self._gate.close(f"{error} The run stops here.")
            outcome = self._outcomes[action.key]
            status = Status.UNKNOWN if outcome.written else Status.HELD_BACK
            self._outcomes[action.key] = outcome.but(status, str(error), hold=Hold.STOPPED)
            return
        status, message, more = judged(error, action)
        if status is Status.HELD_BACK and more.get("hold") is Hold.APPROVAL:
            self._refusals = 0
        elif isinstance(error, GraphError) and error.status == _FORBIDDEN:
            self._count_refusal(action, error)
        elif status is Status.UNKNOWN:
            self._count_unseen(action)
        outcome = self._outcomes[action.key]
        if outcome.written and status is not Status.UNKNOWN and self._wrote_before(action, number):
            message = f"{message} Part of the change was made before."
        self._outcomes[action.key] = outcome.but(status, message, **more)
        # A step that never landed leaves nothing; one whose action has other steps may have.
        if not self._wrote_before(action, number) and status is not Status.UNKNOWN:
            sure = isinstance(error, GraphError | GraphTransportError) and not error.hides_commit
            waits = more.get("hold") is Hold.APPROVAL
            if sure or waits or isinstance(error, AuthenticationError):
                self._outcomes[action.key] = replace(self._outcomes[action.key], written=False)
        self._note_outcome(action, number, status, message, outcome.id)
        if status in {Status.CONFLICT, Status.UNCHANGED}:
            self._note_ending(self._outcomes[action.key])

    def _wrote_before(self, action: Action, number: int) -> bool:
        """Whether an earlier step of the action took or may have taken effect."""
        return action.key in self._expected

    def _count_refusal(self, action: Action, error: GraphError) -> None:
        self._refusals += 1
        if not self._took_effect or self._refusals >= _MOST_IN_A_ROW:
            self._gate.close(f"Graph refused {action.name!r}: {error}")

    def _count_unseen(self, action: Action) -> None:
        self._unseen += 1
        if not self._took_effect or self._unseen >= _MOST_IN_A_ROW:
            self._gate.close(
                f"It could not be learned whether {action.name!r} was changed, so no other was"
                " tried."
            )

    async def _take_back(self, action: Action) -> None:
        """Remove a profile that was just made and is not whole, before anybody has it."""
        subject = self._subjects.get(action.key)
        outcome = self._outcomes[action.key]
        if subject is None or not subject.made or outcome.status is not Status.FAILED:
            return

        def remember(pre_image: PreImage) -> None:
            self._announce(action, TAKE_BACK, subject, pre_image)

        write = Delete().write(self._setting(subject, None, remember, None))
        try:
            place, patience = self._tenant.session.take_write_place, self._tenant.patience
            await write_once(write, place=place, patience=patience)
        except IntuneScepError as error:
            message = f"{outcome.message} It was made and could not be removed again: {error}"
            self._outcomes[action.key] = outcome.but(Status.FAILED, message)
            return
        message = f"{outcome.message} What had been made of it was removed again."
        self._note_outcome(action, TAKE_BACK, Status.APPLIED, message, None)
        self._outcomes[action.key] = replace(
            outcome.but(Status.FAILED, message), id=None, written=False
        )
        self._expected.pop(action.key, None)
        self._subjects.pop(action.key, None)

    # Reading back

    async def _read_back(self, actions: Sequence[Action]) -> None:
        """Read back what was written; what is as wanted ends as applied."""
        open_ones = [action for action in actions if self._is_to_be_read(action)]
        expected = [self._expected[action.key] for action in open_ones]
        readings = await self._readback.settle(expected, self._tenant.patience)
        for action, reading in zip(open_ones, readings, strict=True):
            self._judge(action, reading)

    def _is_to_be_read(self, action: Action) -> bool:
        return action.key in self._expected and self._outcomes[action.key].status in {
            Status.PLANNED,
            Status.UNKNOWN,
        }

    def _judge(self, action: Action, reading: Reading) -> None:
        outcome = self._outcomes[action.key]
        message = reading.message or outcome.message
        ended = outcome.but(reading.status, message, version=reading.version)
        if action.deletes and reading.status is Status.APPLIED:
            # A replacement is over when the old profile is gone.
            self._outcomes[action.key] = replace(ended, status=Status.PLANNED)
            return
        if not outcome.written and reading.status is Status.APPLIED:
            ended = ended.but(Status.UNCHANGED, "It is as planned already. Nothing was sent.")
        self._outcomes[action.key] = ended
        self._note_ending(ended)

    # Deletions

    async def _delete(self, actions: Sequence[Action]) -> None:
        going = [action for action in actions if action.deletes]
        for scep in (True, False):
            some = [action for action in going if action.is_scep is scep]
            await walk_abreast(some, self._delete_one, waits_for=_before_deletion)
        deleted = [action for action in going if action.key in self._gone]
        gone = [self._expected[action.key] for action in deleted]
        for action, reading in zip(
            deleted, await self._readback.settle(gone, self._tenant.patience), strict=True
        ):
            self._end_deletion(action, reading)

    async def _delete_one(self, action: Action) -> None:
        outcome = self._outcomes[action.key]
        if outcome.status is not Status.PLANNED:
            return
        try:
            self._gate.require_open()
        except StepEndedError:
            self._hold(action, f"Not deleted. {self.stopped}")
            return
        [number] = [n for n, step in enumerate(action.steps) if step.deletes]
        step, record = action.steps[number], self._run.record(action)
        new_id = outcome.id if action.creates else None
        if not await self._step(action, number, step, record, first=False):
            self._tell_what_is_left(action, new_id)
            return
        self._gone.add(action.key)

    def _end_deletion(self, action: Action, reading: Reading) -> None:
        outcome = self._outcomes[action.key]
        new_id = outcome.id if action.creates else None
        self._outcomes[action.key] = outcome.but(
            reading.status, reading.message or outcome.message, id=new_id
        )
        if reading.status is not Status.APPLIED:
            self._tell_what_is_left(action, new_id)
        self._note_ending(self._outcomes[action.key])

    def _tell_what_is_left(self, action: Action, new_id: str | None) -> None:
        outcome = self._outcomes[action.key]
        if action.creates:
            message = (
                f"The new profile {new_id} is complete, but the old one {action.id} is still"
                f" there: {outcome.message}"
            )
            self._outcomes[action.key] = replace(outcome, id=new_id, message=message)

    # The journal

    def _note(self, record: str, **values: Any) -> None:
        self._journal.write(record, run=self._run.number, **values)

    def _note_outcome(
        self, action: Action, number: int, status: Status, message: str | None, identifier: Any
    ) -> None:
        """Record a step's outcome, if the step was announced."""
        outcome = self._outcomes[action.key]
        announced = outcome.written or number in self._run.record(action).steps
        if not announced or not self._journal_works:
            return
        try:
            self._note(
                "outcome",
                action=action.key,
                step=number,
                status=status.value,
                message=message,
                id=identifier,
            )
        except JournalError as error:
            self._journal_works = False
            self._gate.close(f"{error} The run stops here.")

    def _note_ending(self, outcome: Outcome) -> None:
        if not self._journal_works:
            return
        try:
            self._note(
                "ending",
                action=outcome.action.key,
                status=outcome.status.value,
                message=outcome.message,
                version=outcome.version,
                id=outcome.id,
            )
        except JournalError as error:
            self._journal_works = False
            self._gate.close(f"{error} The run stops here.")


def _before_deletion(action: Action) -> Iterable[str]:
    return (key for step in action.steps if step.deletes for key in step.waits_for)


def _patched(action: Action) -> frozenset[str]:
    """The properties that an action changes: of a resumed one they may be changed already."""
    return frozenset[str]().union(*(step.properties for step in action.steps))


def _may_have_landed(step: StepRecord) -> bool:
    return step.status in {None, Status.UNKNOWN, Status.APPLIED}


def _message(written: Written[Any], *, begun: bool) -> str | None:
    if begun and not written.sent:
        return "Found changed already when the run was resumed."
    if written.sent and written.seen_by_reading:
        return "The answer was lost; a re-read showed the change."
    return None
