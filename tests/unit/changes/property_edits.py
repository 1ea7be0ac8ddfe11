"""An administrator who edits profiles while a run goes on, and what became of each edit."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st
from tests.conftest import CONFIGURATIONS, SimulatedTenant

from intune_scep.simulator.messages import Request, Response

NEWEST = "newest"
ALL_DEVICES = "#microsoft.graph.allDevicesAssignmentTarget"
_ID = re.compile(r"deviceConfigurations/(?P<id>[0-9a-f-]{36})(?P<rest>[/?].*)?$")


@dataclass(frozen=True)
class Edit:
    """One edit.

    Attributes:
        profile: Id of the profile; `NEWEST` for the one made last.
        what: `description`, `names`, `assignments` or `delete`.
        nth: At which request of the run, counted from 1.
        when: Before or after that request.
    """

    profile: str
    what: str
    nth: int
    when: str


@dataclass
class Event:
    """A request about one profile, by the run or by the administrator."""

    profile: str
    sort: str
    body: Any = None
    edit: Edit | None = None
    lagged: bool = False


@st.composite
def edits(draw: Any, profiles: Sequence[str], requests: int) -> list[Edit]:
    """Up to three edits of different profiles."""
    chosen = draw(st.lists(st.sampled_from(profiles), min_size=1, max_size=3, unique=True))
    kinds = st.sampled_from(["description", "names", "assignments", "delete"])
    return [
        Edit(
            profile,
            draw(kinds),
            draw(st.integers(1, requests)),
            draw(st.sampled_from(["before", "after"])),
        )
        for profile in chosen
    ]


LAGS = st.lists(
    st.builds(
        lambda nth, seconds: {
            "match": {"path": "deviceConfigurations", "nth": [nth]},
            "effect": "lag",
            "seconds": seconds,
        },
        st.integers(1, 8),
        st.sampled_from([0.2, 3, 30]),
    ),
    max_size=2,
)


@dataclass
class Administrator:
    """Makes edits at the requests they are for, as another client of the tenant."""

    tenant: SimulatedTenant
    edits: Sequence[Edit]
    events: list[Event] = field(default_factory=list)
    count: int = 0

    def __post_init__(self) -> None:
        core = self.tenant.door.core
        self._handle = core.handle
        self._token = self.tenant.door.access_token(expires_in=100_000_000)
        core.handle = self._watched

    def begin(self, *_: Any) -> None:
        """Remember that all that was asked before was for the plan."""
        self.events.append(Event("", "planned"))

    def is_planned_on(self, edit: Edit) -> bool:
        """Whether the plan was made on what the edit led to."""
        [place] = [n for n, event in enumerate(self.events) if event.edit is edit]
        sorts = [event.sort for event in self.events[place:]]
        return "planned" in sorts and "listing" in sorts[: sorts.index("planned")]

    def is_edited_again(self, edit: Edit) -> bool:
        [place] = [n for n, event in enumerate(self.events) if event.edit is edit]
        over = {edit.what, "delete"}
        later = [event for event in self.events[place + 1 :] if event.profile == edit.profile]
        return any(event.edit is not None and event.edit.what in over for event in later)

    def leave(self) -> None:
        self.tenant.door.core.handle = self._handle

    def _watched(self, request: Request) -> Response:
        self.count += 1
        number = self.count
        self._edit(number, "before")
        self.events += _events(request)
        answer = self._handle(request)
        self._edit(number, "after")
        return answer

    def _edit(self, number: int, when: str) -> None:
        for edit in self.edits:
            if (edit.nth, edit.when) == (number, when):
                self.carry_out(edit)

    def carry_out(self, edit: Edit) -> None:
        if edit.profile == NEWEST:
            listed = json.loads(self._send("GET", CONFIGURATIONS).body)["value"]
            if not listed:
                return
            edit = replace(edit, profile=listed[-1]["id"])
        path = f"{CONFIGURATIONS}/{edit.profile}"
        shown = self._send("GET", path)
        if shown.status != 200:
            return
        kind = json.loads(shown.body)["@odata.type"]
        if edit.what == "delete":
            answer = self._send("DELETE", path)
        elif edit.what == "assignments":
            body = {"assignments": [{"target": {"@odata.type": ALL_DEVICES}}]}
            answer = self._send("POST", f"{path}/assign", body)
        else:
            answer = self._send("PATCH", path, {"@odata.type": kind, **values_of(edit)})
        if answer.status < 300:
            lagged = any(
                item["fault"] and item["path"].startswith(path)
                for item in self.tenant.requests()
                if item["client_request_id"] == "administrator"
            )
            self.events.append(Event(edit.profile, "edit", edit=edit, lagged=lagged))

    def _send(self, method: str, path: str, body: Any = None) -> Response:
        headers = {
            "authorization": f"Bearer {self._token}",
            "content-type": "application/json",
            "client-request-id": "administrator",
        }
        data = b"" if body is None else json.dumps(body).encode()
        return self._handle(Request(method, path, "", headers, data))


def values_of(edit: Edit) -> dict[str, Any]:
    if edit.what == "names":
        names = [{"sanType": "emailAddress", "name": "edited@contoso.example"}]
        return {"customSubjectAlternativeNames": names}
    return {"description": "Edited by hand"}


def _events(request: Request) -> list[Event]:
    if request.path.endswith(("$batch", "exportJobs")):
        items = json.loads(request.body)["requests"]
        return [
            Event(found["id"], "read")
            for item in items
            if (found := _ID.search(item["url"])) and not (found["rest"] or "?").startswith("/")
        ]
    found = _ID.search(request.path)
    if found is None:
        listing = request.method == "GET" and "deviceConfigurations" in request.path
        return [Event("", "listing")] if listing else []
    body = json.loads(request.body) if request.body else None
    sort = (found["rest"] or "").rpartition("/")[2]
    if request.method == "GET":
        return [] if sort else [Event(found["id"], "read")]
    return [Event(found["id"], sort or request.method, body)]


def is_there(edit: Edit, profile: Any, assignments: Any) -> bool:
    """Whether the effect of an edit is there."""
    if edit.what == "delete" or profile is None:
        return edit.what == "delete" and profile is None
    if edit.what == "assignments":
        return [item["target"]["@odata.type"] for item in assignments] == [ALL_DEVICES]
    return all(profile.get(name) == value for name, value in values_of(edit).items())


def lost_to(edit: Edit, events: Sequence[Event]) -> tuple[Event, bool]:
    """The write that took an edit away, and whether the profile was read since the edit."""
    [place] = [n for n, event in enumerate(events) if event.edit is edit]
    for number, event in enumerate(events[place + 1 :], place + 1):
        if event.profile == edit.profile and _takes_away(edit, event):
            between = events[place + 1 : number]
            read = any(e.profile == edit.profile and e.sort == "read" for e in between)
            return event, read
    raise AssertionError(f"{edit} was lost, and nobody wrote.")


def _takes_away(edit: Edit, event: Event) -> bool:
    if edit.what == "assignments":
        return event.sort in {"assign", "DELETE"}
    if event.sort == "PATCH":
        return not values_of(edit).keys().isdisjoint(event.body)
    return event.sort == "DELETE"
