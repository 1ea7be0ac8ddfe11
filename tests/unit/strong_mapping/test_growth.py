"""What assessing costs for each profile: counted in readings, never in time."""

import gc
from collections import Counter
from dataclasses import replace
from datetime import date

import pytest

from intune_scep.memory import once
from intune_scep.profiles import Profile, ScepProfile, parse_profile
from intune_scep.profiles.models import WireModel
from intune_scep.profiles.wire import copy_json
from intune_scep.rules import Configuration, Context, settings, wording
from intune_scep.rules.scep_facts import ScepFacts
from intune_scep.rules.settings import Settings
from intune_scep.rules.wording import Wording
from intune_scep.simulator.scenarios.bulk import bulk
from intune_scep.strong_mapping import assess_tenant, assessment
from intune_scep.strong_mapping.assessment import assess, judge_all
from intune_scep.tenant import SCEP_TYPES, Wanted, add_root_links, read_snapshot

SIZES = (8, 32)
TODAY = date(2026, 1, 1)


@pytest.fixture
def made(monkeypatch):
    """How many profiles were made of wire objects, by what they are."""
    counts = Counter()
    from_wire = WireModel.from_wire.__func__

    def counting(model, wire, *, copy=True):
        if issubclass(model, Profile):
            counts[model.row.kind.value, copy] += 1
        return from_wire(model, wire, copy=copy)

    monkeypatch.setattr(WireModel, "from_wire", classmethod(counting))
    return counts


@pytest.mark.parametrize("mapped", [False, True], ids=["all may change", "all mapped"])
@pytest.mark.parametrize("size", SIZES)
def test_each_profile_is_parsed_once_and_once_more_as_it_would_be(simulated, made, size, mapped):
    settings._SHARED.clear()
    tenant = simulated(bulk(size, mapped=size if mapped else 0))
    found = tenant.run(assess_tenant)
    assert found.counts["mapped" if mapped else "required"] == size
    changed = 0 if mapped else size
    # What is set is read once more, for all that set the same: of four types, before and after.
    shared = len(settings._SHARED)
    assert shared == (0 if mapped else 8)
    scep = size + changed + shared
    assert made == Counter({("scep", False): scep, ("trusted_root", False): changed})


@pytest.fixture
def worked_out(monkeypatch):
    """How often each fact of each profile was worked out; the objects are kept alive."""
    counts, kept = Counter(), []

    def watch(kind):
        for name, fact in vars(kind).items():
            if isinstance(fact, once):
                monkeypatch.setattr(fact, "work", counting(name, fact.work))

    def counting(name, work):
        def count(owner):
            whose = getattr(owner, "profile", owner)
            kept.append(whose)
            counts[name, id(whose)] += 1
            return work(owner)

        return count

    settings._SHARED.clear()
    wording._SHARED.clear()
    watch(ScepFacts)
    watch(Settings)
    watch(Wording)
    return counts


@pytest.mark.parametrize("mapped", [0, 3, 8])
def test_each_fact_of_a_profile_is_worked_out_once(simulated, worked_out, mapped):
    simulated(bulk(8, mapped=mapped)).run(assess_tenant)
    names = {name for name, _ in worked_out}
    assert {"subject", "sans", "sid_uris", "places"} <= names
    assert set(worked_out.values()) == {1}


def test_the_facts_that_a_verdict_made_serve_the_rules_and_the_planned_change(
    simulated, monkeypatch
):
    taken_apart = []
    make = ScepFacts.__init__

    def counting(facts, profile):
        taken_apart.append(profile)
        make(facts, profile)

    monkeypatch.setattr(ScepFacts, "__init__", counting)
    found = simulated(bulk(8)).run(assess_tenant)
    now = [profile for profile in taken_apart if any(profile is i.profile for i in found.assessed)]
    assert len(now) == 8
    assert len(taken_apart) == 16


def snapshot_of(simulated, size):
    async def read(tenant):
        found = await read_snapshot(tenant, Wanted(SCEP_TYPES, assignments=True))
        return await add_root_links(tenant, found, found.profiles, with_assignments=True)

    return simulated(bulk(size)).run(read)


def test_profiles_of_one_root_share_the_model_of_it(simulated):
    links = snapshot_of(simulated, 32).root_links
    assert len(links) == 32
    assert len({id(root) for root in links.values()}) == 3


def test_texts_that_profiles_repeat_are_read_once(simulated, monkeypatch):
    found = snapshot_of(simulated, 32)
    facts = [ScepFacts(profile) for profile in found.profiles]
    assert len({id(item.subject) for item in facts}) == len({i.subject.text for i in facts})
    assert len({id(url) for item in facts for url in item.settings.urls}) == 1


def test_what_others_are_judged_by_makes_no_difference(simulated):
    """Each profile alone is judged as among the others: nothing that is shared leaks."""
    found = snapshot_of(simulated, 32)
    together = assess("t", "c", found, Configuration(), TODAY).assessed
    for item in together:
        again = parse_profile(copy_json(item.profile.to_wire()))
        alone = assess("t", "c", replace(found, profiles=(again,)), Configuration(), TODAY)
        assert alone.assessed[0].judgement == item.judgement
        assert alone.assessed[0].findings == item.findings


@pytest.mark.parametrize("breaking", ["judge", "check", "with_sid_uri"])
def test_the_collector_goes_on_when_judging_breaks(simulated, monkeypatch, breaking):
    def broken(*_, **__):
        assert not gc.isenabled()
        raise RuntimeError

    found = snapshot_of(simulated, 8)
    monkeypatch.setattr(assessment, breaking, broken)
    with pytest.raises(RuntimeError):
        assess("t", "c", found, Configuration(), TODAY)
    assert gc.isenabled()


def test_facts_of_another_profile_are_not_taken_for_its_own(simulated):
    one, other = [p for p in snapshot_of(simulated, 8).profiles if isinstance(p, ScepProfile)][:2]
    [judged] = judge_all([one])
    context = Context(other, TODAY, facts=judged.facts)
    assert context.scep.profile is other
    assert context.facts_of(one) is judged.facts
