"""Every example of docs/simulator.md is put in force by the control API, and does what it says."""

import json
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from .bodies import group_target, scep
from .graph import DEVICE_CONFIGURATIONS, Graph, Json, one

DOCUMENT = Path(__file__).parents[2] / "docs" / "simulator.md"
PLACEHOLDER = "0f1c2d3e-0000-4000-8000-000000000001"
GROUPS = ["5f9e6b0a-54b4-4f66-9a0e-1f3a3a6c1d01", "5f9e6b0a-54b4-4f66-9a0e-1f3a3a6c1d02"]


def examples() -> list[tuple[str, str]]:
    """Heading and text of every example, in the order of the document."""
    text = DOCUMENT.read_text(encoding="utf-8")
    sections = re.split(r"^#### (.+)$", text, flags=re.MULTILINE)[1:]
    return [
        (heading, example)
        for heading, section in zip(sections[::2], sections[1::2], strict=True)
        for example in re.findall(r"```json\n(.+?)```", section, flags=re.DOTALL)
    ]


class Scene:
    """Three profiles, of which the first is the one that examples name."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.profiles = [graph.create(scep(displayName=str(number))) for number in range(3)]
        self.id = self.profiles[0]["id"]

    def patch(self) -> httpx.Response:
        body = {"@odata.type": self.profiles[0]["@odata.type"], "displayName": "mine"}
        return self.graph.send("PATCH", one(self.id), body)

    @property
    def present(self) -> Json:
        return self.graph.read(one(self.id))

    def names(self, page_size: int = 1) -> list[str]:
        """Names of what is listed, on pages of a size."""
        self.graph.control("PUT", "settings", {"page_size": page_size})
        listed = self.graph.all_of(DEVICE_CONFIGURATIONS)
        return [str(item.get("displayName", "odd")) for item in listed]

    def statuses(self, count: int) -> list[int]:
        return [self.graph.get(one(self.id)).status_code for _ in range(count)]


def a_status(scene: Scene) -> None:
    assert [scene.patch().status_code for _ in range(3)] == [204, 504, 204]
    # The one whose answer was lost took effect too.
    assert scene.present["version"] == 4


def html_and_malformed(scene: Scene) -> None:
    assert scene.statuses(1) == [502]
    with pytest.raises(json.JSONDecodeError):
        scene.graph.get(one(scene.id)).json()
    assert scene.statuses(1) == [200]


def slow(scene: Scene) -> None:
    # In process nobody waits: a late answer is one that did not come in time.
    with suppress(httpx.ReadTimeout):
        assert scene.statuses(1) == [200]
    assert scene.statuses(1) == [200]


def batch_item(scene: Scene) -> None:
    requests = [{"id": str(n), "method": "GET", "url": f"/{one(scene.id)}"} for n in range(3)]
    answers = scene.graph.send("POST", "$batch", {"requests": requests}).json()["responses"]
    assert sorted(answer["status"] for answer in answers) == [200, 200, 429]


def ignore(scene: Scene) -> None:
    assert scene.patch().status_code == 204
    assert scene.present["displayName"] == "0"


def more(scene: Scene) -> None:
    assert scene.patch().status_code == 204
    present = scene.present
    assert (present["displayName"], present["version"]) == ("mine", 2)
    assert present["description"] == "nobody asked for this"


def lag(scene: Scene) -> None:
    assert scene.patch().status_code == 204
    assert scene.present["displayName"] == "0"
    scene.graph.control("POST", "clock", {"advance": 31})
    assert scene.present["displayName"] == "mine"


def edit(scene: Scene) -> None:
    assert scene.present["description"] is None
    present = scene.present
    assert (present["description"], present["version"]) == ("theirs", 2)


def delete(scene: Scene) -> None:
    assert scene.graph.get("organization").status_code == 200
    assert scene.statuses(1) == [404]


def assign(scene: Scene) -> None:
    scene.graph.get("organization")
    [assignment] = scene.graph.all_of(one(scene.id, "assignments"))
    assert "allDevices" in assignment["target"]["@odata.type"]


def create(scene: Scene) -> None:
    scene.graph.get("organization")
    assert scene.names(1000) == ["0", "1", "2", "theirs"]


def overlap(scene: Scene) -> None:
    assert scene.names() == ["0", "0", "1", "1", "2"]


def slip(scene: Scene) -> None:
    assert scene.names() == ["0", "2"]


def split(scene: Scene) -> None:
    targets = [group_target(group) for group in GROUPS]
    assert scene.graph.send("POST", one(scene.id, "assign"), {"assignments": targets}).is_success
    shown = scene.graph.read(f"{one(scene.id)}?$expand=assignments")
    assert len(shown["assignments"]) == 1
    [rest] = scene.graph.all_of(shown["assignments@odata.nextLink"])
    groups = [each["target"]["groupId"] for each in (*shown["assignments"], rest)]
    assert groups == GROUPS


def odd_item(scene: Scene) -> None:
    assert scene.names(1000) == ["odd", "0", "1", "2"]
    assert scene.names(1000) == ["0", "1", "2"]


def other_id(scene: Scene) -> None:
    assert scene.present["id"] != scene.id


CHECKS: list[tuple[str, Callable[[Scene], None]]] = [
    ("A status", a_status),
    ("`html_502` and `malformed_json`", html_and_malformed),
    ("`close`, `truncate`, `slow` and `drip`", slow),
    ("`batch_item`", batch_item),
    ("`ignore`: a write that does nothing", ignore),
    ("`more`: a write that does more than asked", more),
    ("`lag`: reads that lag", lag),
    ("`edit`: somebody else, between any two requests", edit),
    ("`edit`: somebody else, between any two requests", delete),
    ("`edit`: somebody else, between any two requests", assign),
    ("`edit`: somebody else, between any two requests", create),
    ("`overlap`: pages that overlap", overlap),
    ("`slip`: an item that slips between two pages", slip),
    ("`split`: an expanded collection that comes in parts", split),
    ("`odd_item`: an item that is no profile", odd_item),
    ("`other_id`: an answer about another profile", other_id),
]


def test_every_example_of_a_fault_has_a_check() -> None:
    """SIMULATOR.md, faults."""
    assert [heading for heading, _ in examples()] == [heading for heading, _ in CHECKS]


@pytest.mark.parametrize("number", range(len(CHECKS)))
def test_an_example_of_a_fault_does_what_it_says(graph: Graph, number: int) -> None:
    """SIMULATOR.md, faults."""
    scene = Scene(graph)
    rules: list[Any] = json.loads(examples()[number][1].replace(PLACEHOLDER, scene.id))
    graph.control("PUT", "faults", rules)
    CHECKS[number][1](scene)
    graph.control("DELETE", "faults")
