"""The jobs of this room, undisturbed: what the other tests take for right is right."""

import pytest

from .jobs import COUNT, JOBS, named, scep_names, statuses

SID = "{{OnPremisesSecurityIdentifier}}"


@pytest.mark.parametrize("job", JOBS.values(), ids=str)
def test_an_undisturbed_job_writes_its_five_profiles_once_each(start, job):
    ready = start(job)
    before = ready.content()
    ready.tenant.control("DELETE", "requests")
    report = ready.run()
    assert statuses(report) == ["applied"] * COUNT
    assert not report.failed
    assert len(ready.struck()) == COUNT
    assert ready.twice() == []
    assert ready.is_right
    assert ready.goal != before


def only(items, *names):
    return [item for item in items if item["name"] in names]


@pytest.mark.parametrize("job", JOBS.values(), ids=str)
def test_what_is_right_after_a_job_is_what_it_is_for(start, job):
    ready = start(job)
    before, goal = ready.content(), ready.goal
    changed = [item for item in goal if item not in before]
    what = job.name.removeprefix("rollback of ")
    state = (goal, before) if job.name == what else (before, goal)
    with_it, without = state
    if what == "migration":
        for yes, no in zip(with_it, without, strict=True):
            names, earlier = (
                item["wire"].get("customSubjectAlternativeNames") for item in (yes, no)
            )
            assert (names or [])[: len(earlier or [])] == (earlier or [])
        assert sum(SID in str(item) for item in with_it) == COUNT
        assert not any(SID in str(item) for item in without)
    elif what == "update":
        thresholds = [
            i["wire"].get("renewalThresholdPercentage") for i in only(with_it, *scep_names())
        ]
        assert thresholds == [40] * COUNT
    elif what == "link":
        assert {item["root"] for item in only(with_it, *scep_names())} == {"Other root"}
        assert {item["root"] for item in only(without, *scep_names())} == {"Root"}
    elif what == "repoint":
        assert {item["uses"] for item in only(with_it, *scep_names())} == {"Next"}
        assert {item["uses"] for item in only(without, *scep_names())} == {"Mail"}
    elif what == "assign":
        assert all(item["assignments"] for item in only(with_it, *scep_names()))
        assert not any(item["assignments"] for item in only(without, *scep_names()))
    elif what in {"create", "restore"}:
        assert len(only(with_it, *scep_names())) == COUNT
        assert {item["root"] for item in only(with_it, *scep_names())} == {"Root"}
        assert not only(without, *scep_names())
    elif what == "delete":
        assert not only(with_it, *scep_names())
        assert all(item["assignments"] and item["root"] for item in only(without, *scep_names()))
    else:
        channels = {i["wire"]["deploymentChannel"] for i in only(with_it, *scep_names())}
        assert channels == {"deviceChannel"}
        assert len(changed) == COUNT


def test_a_restored_tenant_is_the_one_that_was_backed_up(start, simulated):
    ready = start(*named("restore"))
    from .jobs import content

    source = simulated(ready.job.scenario())
    assert source.run(content) == ready.goal
