"""A baseline is lossless, private, and refused once it was changed."""

import json
import stat

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intune_scep.compliance import approve, read_baseline
from intune_scep.errors import BaselineError


@pytest.fixture
def approved(contoso, check, tmp_path):
    report = check(contoso)
    path = tmp_path / "baseline.json"
    approve(report, path, approved_by="Ada", comment="After the audit")
    return report, path


def test_it_holds_the_tenant_as_graph_sent_it(contoso, approved):
    _, path = approved
    baseline = read_baseline(path)
    sent = contoso.profiles()
    held = {wire["id"]: wire for wire in baseline.profiles if wire["id"] in sent}
    assert len(held) == 93
    for identifier, wire in held.items():
        expanded = ("assignments", "assignments@odata.context")
        stored = {name: value for name, value in wire.items() if name not in expanded}
        assert stored == sent[identifier]
        assert isinstance(wire["assignments"], list)
    assert None in baseline.root_links.values()
    assert (baseline.approved_by, baseline.comment) == ("Ada", "After the audit")


def test_only_the_owner_can_read_it(approved):
    assert stat.S_IMODE(approved[1].stat().st_mode) == 0o600
    assert [item.name for item in approved[1].parent.glob("*baseline*")] == ["baseline.json"]


def test_an_earlier_one_is_replaced_only_when_asked(approved):
    report, path = approved
    before = path.read_bytes()
    with pytest.raises(BaselineError, match="Give replace to approve"):
        approve(report, path)
    assert path.read_bytes() == before
    approve(report, path, replace=True)
    assert read_baseline(path).approved_by is None


def test_what_could_not_be_read_is_not_approved(contoso, check, tmp_path):
    fault = {
        "match": {"path": "deviceConfigurations$"},
        "when": "before",
        "effect": 500,
        "times": 1000,
    }
    contoso.control("PUT", "faults", [fault])
    with pytest.raises(BaselineError, match="Nothing is approved"):
        approve(check(contoso), tmp_path / "baseline.json")
    assert not (tmp_path / "baseline.json").exists()


def test_a_baseline_of_another_tenant_is_refused(approved, simulated, check):
    other = simulated("empty")
    with pytest.raises(BaselineError, match="is of tenant"):
        check(other, baseline=read_baseline(approved[1]))


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_any_change_of_meaning_is_noticed(approved, data):
    _, path = approved
    content = json.loads(path.read_bytes())
    where = content
    while isinstance(where, dict | list) and where:
        keys = sorted(where) if isinstance(where, dict) else range(len(where))
        key = data.draw(st.sampled_from(list(keys)))
        if not isinstance(where[key], dict | list) or not where[key] or data.draw(st.booleans()):
            break
        where = where[key]
    old = where[key]
    where[key] = data.draw(
        st.sampled_from([None, 7, "other", [], {}, True]).filter(lambda value: value != old)
    )
    changed = path.with_name("changed.json")
    changed.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(BaselineError):
        read_baseline(changed)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(max_size=200) | st.text().map(str.encode))
def test_anything_else_is_refused_in_one_sentence(tmp_path, data):
    path = tmp_path / "noise.json"
    path.write_bytes(data)
    with pytest.raises(BaselineError) as caught:
        read_baseline(path)
    assert "\n" not in str(caught.value)
