"""Events of domain controllers, and the ring of a rollout that each is about."""

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.unit.active_directory.exports import SERIAL, THUMBPRINT

from intune_scep.active_directory import Culprit, Culprits, DomainControllerEvent
from intune_scep.active_directory.culprits import ADVICE, Found
from intune_scep.audience.reissued import Before, serial_of
from intune_scep.certificates.report_csv import ReportedCertificate
from intune_scep.reports.culprits import csv_parts
from intune_scep.rollout.culprits import PLACE_WORDS, Place, in_rings
from intune_scep.rollout.model import Strategy
from intune_scep.rollout.state import RingState, RolloutState, Run, Word
from intune_scep.rollout.words import Stage, State

AT = datetime(2026, 11, 2, 8, tzinfo=UTC)
NEW = "3C00000001"
WORD = Word("somebody", "why", AT)


def ring(name, *profiles, changed=(), devices=None, out=(), closed=False, entered=True, **more):
    """A ring.

    Args:
        out: The serial numbers that were out of each profile when it was entered; None: not read.
    """
    held = {item: {"m1": frozenset(map(serial_of, out or ()))} for item in profiles}
    return RingState(
        name,
        "digest",
        profiles,
        None if out is None else Before(AT, held),
        AT if entered else None,
        None if devices is None else frozenset(devices),
        done={Stage.OPEN: dict.fromkeys(changed, AT)},
        closed_at=AT if closed else None,
        **more,
    )


def rollout(*rings, **more):
    strategy = Strategy.CLONE if more.get("clones") else Strategy.IN_PLACE
    return RolloutState(
        "users", "t", "public", strategy, "f", "digest", list(rings), started=WORD, **more
    )


def culprit(profile="p1", number=39, serial=SERIAL, device="m1", found=Found.THUMBPRINT):
    event = DomainControllerEvent(1, number, account="ann", serial_number=serial)
    certificate = None
    if device is not None:
        certificate = ReportedCertificate(
            device_id=device, serial_number=serial, policy_id=profile, upn="ann@contoso.com"
        )
    return Culprit(event, found, profile, certificate)


OPEN = ring("first", "p1", changed=["p1"], out=[SERIAL])
LAST = ring("last", entered=False)
PARTS = (
    ring("test", "p1", changed=["p1"], devices=["m1"], out=[SERIAL]),
    ring("fast", "p1", devices=["m2"], out=[SERIAL]),
)
REST = ring("rest", "p1", changed=["p1"], out=[SERIAL, "7"])
COPIES = {"clones": {"p1": "c1"}}

CASES = {
    "a certificate that was out before": (rollout(OPEN, LAST), culprit(), "first", Place.BEFORE),
    "one that is newer": (rollout(OPEN, LAST), culprit(serial=NEW), "first", Place.AFTER),
    "letter case and zeros do not matter": (
        rollout(OPEN, LAST), culprit("P1", serial=f"00{SERIAL.lower()}"), "first", Place.BEFORE,
    ),
    "a profile that is to be changed": (
        rollout(ring("first", "p1", "p2", changed=["p2"]), LAST), culprit(), "first",
        Place.NOT_CHANGED,
    ),
    "a profile of which nothing was read": (
        rollout(ring("first", "p1", changed=["p1"], out=None), LAST), culprit(), "first",
        Place.AGE_UNKNOWN,
    ),
    "no serial number": (rollout(OPEN, LAST), culprit(serial=""), "first", Place.AGE_UNKNOWN),
    "a ring to come": (rollout(OPEN, LAST), culprit("p9"), None, Place.NOT_OPENED),
    "no ring to come": (rollout(OPEN), culprit("p9"), None, Place.NO_RING),
    "no ring to come any more": (
        rollout(OPEN, LAST, canceled=WORD), culprit("p9"), None, Place.NO_RING,
    ),
    "a certificate that was not found": (
        rollout(OPEN, LAST), culprit(None, device=None, found=Found.NOT_IN_REPORT), None,
        Place.NO_RING,
    ),
    "the ring of the device": (rollout(*PARTS, LAST, **COPIES), culprit(), "test", Place.BEFORE),
    "a device of a ring that is not changed yet": (
        rollout(*PARTS, LAST, **COPIES), culprit(device="M2"), "fast", Place.NOT_CHANGED,
    ),
    "a certificate of the copy": (
        rollout(*PARTS, LAST, **COPIES), culprit("c1"), "test", Place.AFTER,
    ),
    "a device of no ring that was opened": (
        rollout(*PARTS, LAST, **COPIES), culprit(device="m9"), None, Place.NOT_OPENED,
    ),
    "a device of the rest": (
        rollout(*PARTS, REST, **COPIES), culprit(device="m9", serial="07"), "rest", Place.BEFORE,
    ),
    "an original that goes on issuing": (
        rollout(*PARTS, LAST, **COPIES), culprit(serial=NEW), "test", Place.AGE_UNKNOWN,
    ),
    "a certificate of which no device is known": (
        rollout(*PARTS, LAST, **COPIES), culprit(device=None), None, Place.DEVICE_UNKNOWN,
    ),
    "one of which no device is known, beside the rest": (
        rollout(*PARTS, REST, **COPIES), culprit(device=""), None, Place.DEVICE_UNKNOWN,
    ),
    "a run that was taken back": (
        rollout(
            ring("first", "p1", changed=["p1"], runs=[Run(Stage.OPEN, Path("run"))]), LAST,
            taken_back=[Path("run")],
        ),
        culprit(), "first", Place.TAKEN_BACK,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("state", "item", "name", "place"), CASES.values(), ids=CASES.keys())
def test_each_event_has_a_ring_or_a_reason_why_it_has_none(state, item, name, place):
    [found] = in_rings([item], state)
    assert (found.ring, found.place) == (name, place)
    assert PLACE_WORDS[place] in found.words
    assert (found.state is None) is (name is None)
    assert found.to_do


@pytest.mark.parametrize("number", [41, 45, 21])
@pytest.mark.parametrize("state", [rollout(OPEN, LAST), rollout(*PARTS, LAST, **COPIES)])
@pytest.mark.parametrize("profile", ["p1", "p9"])
def test_what_no_ring_cures_keeps_its_own_advice(number, state, profile):
    [found] = in_rings([culprit(profile, number)], state)
    assert found.to_do == ADVICE[number]


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (rollout(OPEN, LAST), "See that it checks in"),
        (rollout(replace(OPEN, closed_at=AT), LAST), "its ring is done with"),
        (rollout(ring("first", "p1"), LAST), "strong-mapping rollout run"),
        (rollout(ring("first", "p1"), LAST, canceled=WORD), ADVICE[39]),
        (rollout(LAST), "wait for its ring"),
    ],
)
def test_what_is_to_be_done_follows_the_ring(state, said):
    [found] = in_rings([culprit()], state)
    assert said in found.to_do


def test_a_ring_is_said_with_its_state():
    done = replace(OPEN, closed_at=AT)
    assert in_rings([culprit()], rollout(OPEN))[0].words == (
        "first (activated), from before the change"
    )
    assert in_rings([culprit()], rollout(done))[0].state is State.COMPLETED


def read(parts):
    data = b"".join(parts)
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def everything(*culprits):
    return Culprits((), culprits, 0, (), None, ())


def test_the_table_has_a_ring_only_where_a_rollout_was_given():
    item = culprit()
    [plain] = read(csv_parts(everything(item), None))
    [told] = read(csv_parts(everything(item), in_rings([item], rollout(OPEN, LAST))))
    assert set(told) - set(plain) == {"ring", "ring_state", "place"}
    assert (told["ring"], told["ring_state"], told["place"]) == ("first", "activated", "before")
    assert (plain["event"], plain["profile_id"], plain["found"]) == ("39", "p1", "thumbprint")
    assert plain["to_do"] == ADVICE[39]
    assert told["to_do"] != plain["to_do"]
    assert (plain["device_id"], plain["user_principal_name"]) == ("m1", "ann@contoso.com")


FORMULAS = ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_cell_that_a_spreadsheet_would_take_for_a_formula_is_text(text):
    event = DomainControllerEvent(
        1, 39, time=text, computer=text, account=text, issuer=text, serial_number=text,
        thumbprint=text,
    )  # fmt: skip
    certificate = ReportedCertificate(device_id=text, device_name=text, upn=text)
    item = Culprit(event, Found.THUMBPRINT, text, certificate)
    state = rollout(ring(text, text, changed=[text]), LAST)
    [row] = read(csv_parts(everything(item), in_rings([item], state)))
    cells = [value for name, value in row.items() if name not in {"event", "found", "to_do"}]
    assert cells.count(f"'{text}") >= 9
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in cells)


def test_what_an_event_does_not_say_is_an_empty_cell():
    event = DomainControllerEvent(1, 21, thumbprint=THUMBPRINT)
    [row] = read(csv_parts(everything(Culprit(event, Found.NO_REPORT, None)), None))
    assert {name for name, value in row.items() if value} == {
        "event", "thumbprint", "found", "to_do",
    }  # fmt: skip
