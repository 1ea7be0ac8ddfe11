"""Writes that need the approval of another administrator, told from Graph's answers.

ROLLOUT.md 6. Nothing is assumed: a write is sent as ever, and only where the answer asks for a
justification it is sent again with one. What was filed is in the journal with its exact bytes; the
next run asks what became of it and sends those bytes again once they are approved.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from intune_scep.changes.endings import StepEndedError
from intune_scep.changes.plan import Action
from intune_scep.changes.record import ApprovalRequest, RunRecord
from intune_scep.changes.runs import find_journals
from intune_scep.changes.status import Hold, Status
from intune_scep.changes.steps.writing import StepWrite
from intune_scep.changes.values import moment_of
from intune_scep.errors import (
    GraphError,
    GraphTransportError,
    IntuneScepError,
    OutcomeUnknownError,
    ProfileChangedError,
)
from intune_scep.graph.approval import Permit, approved, justified, same_content
from intune_scep.graph.settle import settle
from intune_scep.graph.write_once import Written
from intune_scep.tenant import Tenant
from intune_scep.tenant.approvals import READING, ApprovalState, read_approval
from intune_scep.wording import option

LIFETIME: Final = timedelta(days=3)
WHERE: Final = "Tenant administration > Multi Admin Approval"
_FORBIDDEN: Final = 403
_UNKNOWN: Final = "unknown to graph"
_OVER: Final = {
    "rejected": "was rejected",
    "cancelled": "was cancelled",
    "canceled": "was cancelled",
    "expired": "expired",
    _UNKNOWN: "is not known to Graph any more",
}
_WAITING: Final = "needsapproval"

Note = Callable[..., None]
Send = Callable[[bool], Awaitable[Written[Any]]]


class Approvals:
    """What a run knows of the approvals that its writes wait for.

    Args:
        note: Writes a record into the run's journal.
    """

    def __init__(self, tenant: Tenant, run: RunRecord, note: Note) -> None:
        self._tenant = tenant
        self._run = run
        self._note = note
        self._found: tuple[ApprovalRequest, ...] | None = None

    async def send(
        self, action: Action, number: int, write: StepWrite[Any], send: Send
    ) -> Written[Any]:
        """Send a write with whatever it needs.

        Args:
            send: Sends it once; called with whether it may have taken effect before.

        Raises:
            StepEndedError: it waits, or will never be approved.
            IntuneScepError: as `send` says.
        """
        begun = write.begun
        taken: Permit | Written[Any]
        if (waiting := self._run.requests.get((action.key, number))) is not None:
            taken = await self._looked_at(action, number, waiting, write)
            if isinstance(taken, Written):
                return taken
            write.permit, begun = taken, False
        while True:
            try:
                return await send(begun)
            except ProfileChangedError as error:
                code = write.permit.code if write.permit is not None else ""
                if not code:
                    raise
                raise _stale(error, code) from error
            except GraphError as error:
                taken = await self._answered(action, number, write, error)
                if isinstance(taken, Written):
                    return taken
                write.permit, begun = taken, False

    async def _answered(
        self, action: Action, number: int, write: StepWrite[Any], error: GraphError
    ) -> Permit | Written[Any]:
        """What to do after an answer; the error itself where it is about something else."""
        code = write.permit.code if write.permit is not None else ""
        if error.method == "GET" or error.hides_commit:
            raise error
        if code and error.status == _FORBIDDEN and error.approval is None:
            raise StepEndedError(
                Status.FAILED,
                f"Graph did not carry out the approved request {code}: {error} Only who filed it"
                " can complete it, with the same change.",
                approval=code,
            ) from error
        if not error.is_about_approval:
            raise error
        if error.approval is not None and not error.approval_active:
            raise self._filed(action, number, error, error.approval)
        if code:
            raise error
        if error.approval_active:
            return await self._other_active(action, number, write, error)
        if write.permit is not None:
            raise error
        if action.steps[number].creates and (made := await _stub(write)) is not None:
            return Written(made, sent=True, seen_by_reading=True)
        known = self._known(error)
        if known is not None:
            return await self._adopted(action, number, write, known)
        if self._tenant.justification is None:
            raise StepEndedError(
                Status.HELD_BACK,
                "Changes like this need the approval of another administrator here, and asking for"
                f" one needs a justification. Give {option('justification')}.",
                hold=Hold.APPROVAL,
            ) from error
        return justified(self._tenant.justification)

    def _filed(self, action: Action, number: int, error: GraphError, code: str) -> StepEndedError:
        """Keep a request that was filed; its code is worth nothing without the bytes."""
        now = self._tenant.now()
        expires = now + LIFETIME
        request = ApprovalRequest(
            code,
            now.isoformat(timespec="seconds"),
            expires.isoformat(timespec="seconds"),
            error.method,
            error.path,
            (error.sent or b"").decode(),
            action.id or action.name,
        )
        self._keep(action, number, request)
        return self._waits(code, expires, "An approval was asked for")

    def _keep(self, action: Action, number: int, request: ApprovalRequest) -> None:
        self._note("approval_needed", action=action.key, step=number, **request.to_dict())
        self._run.end_requests(action.key, number)
        self._run.requests[action.key, number] = request

    async def _adopted(
        self, action: Action, number: int, write: StepWrite[Any], known: ApprovalRequest
    ) -> Permit | Written[Any]:
        """Go on with a request that an earlier run filed for the same change."""
        self._keep(action, number, known)
        return await self._looked_at(action, number, known, write)

    async def _other_active(
        self, action: Action, number: int, write: StepWrite[Any], error: GraphError
    ) -> Permit | Written[Any]:
        if (known := self._known(error)) is not None:
            return await self._adopted(action, number, write, known)
        other = next((item for item in self._all() if _same_entity(item, action)), None)
        which = f" ({other.code}, until {other.expires_at})" if other else ""
        raise StepEndedError(
            Status.HELD_BACK,
            f"Another change of it waits for an approval already{which}; Intune takes one at a"
            f" time. It is in the admin center under {WHERE}.",
            hold=Hold.APPROVAL,
            approval=other.code if other else error.approval,
        ) from error

    # What became of a request

    async def _looked_at(
        self, action: Action, number: int, request: ApprovalRequest, write: StepWrite[Any]
    ) -> Permit | Written[Any]:
        """The permit of an approved request, or the effect of one that was completed elsewhere.

        Raises:
            StepEndedError: it still waits, is over, or is stale.
        """
        code = request.code
        try:
            found = await write.look()
        except ProfileChangedError as error:
            raise _stale(error, code) from error
        if found is not None:
            return Written(found, sent=False, seen_by_reading=True)
        state = await self._state(request)
        if state.status == "approved":
            return approved(code, request.method, request.path, request.body.encode())
        if state.status == "completed":
            return await self._completed(code, write)
        if (word := _OVER.get(state.status)) is not None:
            self._note("approval_over", action=action.key, step=number, code=code, status=word)
            self._run.end_requests(action.key, number)
            raise StepEndedError(
                Status.FAILED,
                f"The approval {code} {word}. Nothing was changed; another run asks again.",
                approval=code,
            )
        expires = moment_of(state.expires_at) or moment_of(request.expires_at)
        said = "It still waits" if state.status == _WAITING else f"Its state is {state.status!r}"
        raise self._waits(code, expires, said)

    async def _state(self, request: ApprovalRequest) -> ApprovalState:
        try:
            state = await read_approval(self._tenant, request.code)
        except (GraphError, GraphTransportError) as error:
            lacks = isinstance(error, GraphError) and error.status == _FORBIDDEN
            needs = f" The application needs {READING}." if lacks else ""
            raise StepEndedError(
                Status.HELD_BACK,
                f"It waits for the approval {request.code}, whose state could not be read:"
                f" {error.message}.{needs}",
                hold=Hold.APPROVAL,
                approval=request.code,
            ) from error
        return state or ApprovalState(_UNKNOWN)

    async def _completed(self, code: str, write: StepWrite[Any]) -> Written[Any]:
        patience = self._tenant.patience
        seen = await settle(write.look, lambda found: found is not None, patience=patience)
        if seen.seen:
            return Written(seen.value, sent=False, seen_by_reading=True)
        raise OutcomeUnknownError(
            f"The approved request {code} was completed, but {patience:g} s of reading does not"
            " show it."
        ) from seen.error

    def _waits(self, code: str, expires: datetime | None, said: str) -> StepEndedError:
        until = ""
        if expires is not None:
            left = _left(expires - self._tenant.now())
            until = f" until {expires.astimezone(UTC):%Y-%m-%d %H:%M} UTC ({left} left)"
        return StepEndedError(
            Status.HELD_BACK,
            f"{said}: {code}{until}. Microsoft notifies nobody: another administrator approves it"
            f" in the admin center under {WHERE}. Then run this again.",
            hold=Hold.APPROVAL,
            approval=code,
        )

    # Requests of earlier runs

    def _known(self, error: GraphError) -> ApprovalRequest | None:
        """A request that waits for the very change that was just sent."""
        for request in self._all():
            place = (request.method, request.path) == (error.method, error.path)
            if place and same_content(request.body.encode(), error.sent or b""):
                return request
        return None

    def _all(self) -> Iterator[ApprovalRequest]:
        if self._found is None:
            self._found = tuple(_waiting(self._tenant))
        return (item for item in self._found if item.code not in self._run.answered)


def _waiting(tenant: Tenant) -> Iterator[ApprovalRequest]:
    journals = find_journals(tenant.tenant_id).journals
    runs = [run for journal in journals if journal.cloud == tenant.cloud for run in journal.runs]
    answered = {code for run in runs for code in run.answered}
    for run in runs:
        yield from (item for item in run.requests.values() if item.code not in answered)


def _same_entity(request: ApprovalRequest, action: Action) -> bool:
    return bool(action.id) and request.entity == action.id


async def _stub(write: StepWrite[Any]) -> Any:
    """What a refused create left all the same; seen once for other kinds of profiles."""
    try:
        return await write.look()
    except ProfileChangedError as error:
        raise ProfileChangedError(
            f"{error} Graph refused to create it without an approval and may have left it all the"
            " same: look at it, delete it if it is a stub, and run this again."
        ) from error
    except IntuneScepError as error:
        raise OutcomeUnknownError(
            f"Graph refused to create it without an approval, and whether it left something could"
            f" not be read: {error}"
        ) from error


def _stale(error: ProfileChangedError, code: str) -> StepEndedError:
    return StepEndedError(
        Status.CONFLICT,
        f"{error} The request for approval {code} is stale: it is of the profile as it was. It was"
        f" not carried out; cancel it in the admin center under {WHERE}.",
        approval=code,
    )


def _left(span: timedelta) -> str:
    minutes = max(0, int(span.total_seconds()) // 60)
    days, hours = divmod(minutes // 60, 24)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes % 60} min"
