"""Dependants that are copied move ring by ring with what they use."""

import pytest
from tests.length import LONG

from intune_scep.errors import PlanError, RolloutFileError
from intune_scep.profiles.dependants import CERTIFICATE_LINKS, hidden_secrets, links_of
from intune_scep.rollout import copying
from intune_scep.rollout.copying import COPY_ENROLS, DependantCopies
from intune_scep.rollout.file import load_rollout
from intune_scep.rollout.reading import resolve_in
from intune_scep.rollout.tick import Exit
from intune_scep.rollout.verbs import cancel_rollout, resume_rollout, roll_back_rollout
from intune_scep.rollout.words import Need, Stage, State
from intune_scep.simulator.fleet.plan import profile_number
from intune_scep.simulator.scenarios.rollout import group_id, profile_id

from .test_dependants import assignments
from .world import CONFIGURATIONS, GATES, World, clone

COPIED = {"dependants": "clone"}
SOON = {"soak": "14h", "reissued": "80%"}
FEW = {**GATES, "seen": "50%"}
"""Of the few devices of a platform one is silent for good."""


@pytest.fixture
def world(simulated, tmp_path):
    """Return a function that makes a tenant with a rollout."""

    def make(content, *, devices=200 if LONG else 100, step=5, **settings):
        return World(simulated, tmp_path, content, devices=devices, step=step, **settings)

    return make


PLATFORMS = {
    "Windows": (("Windows user Wi-Fi", "Windows user VPN"), "users"),
    "Windows, of devices": (("Windows device Wi-Fi", "Windows device wired"), "devices"),
    "iOS": (("iOS user Wi-Fi", "iOS user VPN", "iOS user mail"), "users"),
    "macOS": (("macOS user Wi-Fi", "macOS user single sign-on"), "users"),
    "Android work profile": (("Android user Wi-Fi", "Android user VPN"), "users"),
    "one that nothing uses": (("Windows user sign-in",), "users"),
}


@pytest.mark.parametrize("finish", ["retire_original", "keep_both"])
@pytest.mark.parametrize(("names", "kind"), PLATFORMS.values(), ids=PLATFORMS.keys())
def test_a_whole_rollout_moves_what_uses_the_certificates(world, names, kind, finish):
    bundle = {**COPIED, "finish": finish}
    content = clone(names, groups=("fast",), kind=kind, bundle=bundle, gates=FEW)
    it = world(content)
    users = {name: it.users_of(profile_id(name)) for name in names}
    it.start()
    end = it.finished()
    assert end.state.state is State.COMPLETED
    for name in names:
        original, copy = profile_id(name), end.state.clones[profile_id(name)]
        # Nothing is pointed elsewhere.
        assert it.users_of(original) == users[name]
        assert it.users_of(copy) == sorted(end.state.clones[user] for user in users[name])
        for user in users[name]:
            profiles = it.tenant.profiles()
            assert profiles[end.state.clones[user]]["displayName"].endswith(" (SID)")
            assert it.reach(end.state.clones[user])
            if finish == "retire_original":
                assert it.reach(user) == set()


def ask(it, method, path, body=None):
    """Another administrator, or somebody who looks."""

    async def work(tenant):
        whole = f"deviceManagement/{CONFIGURATIONS}/{path}"
        if method == "GET":
            return await tenant.session.read(whole)
        return (await tenant.session.write(method, whole, body)).body

    it.look()
    ours = list(it.writes)
    found = it.tenant.run(work)
    it.look()
    it.writes = ours
    return found


def kind_of(it, profile):
    return it.tenant.profiles()[profile]["@odata.type"].removeprefix("#microsoft.graph.")


def change(it, profile, **properties):
    body = {"@odata.type": f"#microsoft.graph.{kind_of(it, profile)}", **properties}
    ask(it, "PATCH", profile, body)


def assign(it, profile, *targets):
    wires = [{"target": target} for target in targets]
    ask(it, "POST", f"{profile}/assign", {"assignments": wires})


def target(kind, group=None, **more):
    named = {"groupId": group} if group is not None else {}
    return {"@odata.type": f"#microsoft.graph.{kind}AssignmentTarget", **named, **more}


def user_of(it, name):
    [user] = it.users_of(profile_id(name))
    return user


NAME = "iOS user Wi-Fi"


def another(it, name):
    """What makes a profile of the type of the dependant."""
    kind = kind_of(it, user_of(it, NAME))
    return {"@odata.type": f"#microsoft.graph.{kind}", "displayName": name}


def with_a_root(it, user):
    """Let a dependant trust a root; the path of the link, and the root."""
    root = next(
        key for key, item in it.tenant.profiles().items() if "iosTrustedRoot" in item["@odata.type"]
    )
    link = f"{user}/microsoft.graph.{kind_of(it, user)}/rootCertificatesForServerValidation"
    ask(it, "POST", f"{link}/$ref", {"@odata.id": f"deviceManagement/{CONFIGURATIONS}('{root}')"})
    return link, root


def test_a_copy_is_the_original_with_another_name_and_certificate(world):
    """Settings that nobody here knows, scope tags and roots included."""
    it = world(clone((NAME,), groups=("fast",), bundle=COPIED))
    user = user_of(it, NAME)
    more = {
        "description": "Floor 3",
        "networkName": "corp",
        "trustedServerCertificateNames": ["b", "a"],
        "somethingNew": {"deep": [1, None, {"@odata.type": "#microsoft.graph.x"}]},
        "roleScopeTagIds": ["0", "7"],
    }
    change(it, user, **more)
    link, root = with_a_root(it, user)
    it.remember_dependants()
    it.start()
    copy = it.state.clones[user]
    profiles = it.tenant.profiles()
    own = {"id", "displayName", "version", "createdDateTime", "lastModifiedDateTime"}
    rest = [
        {name: value for name, value in profiles[each].items() if name not in own}
        for each in (user, copy)
    ]
    assert rest[0] == rest[1]
    assert profiles[copy]["displayName"] == "iOS Wi-Fi (SID)"
    assert [item["id"] for item in ask(it, "GET", link.replace(user, copy))["value"]] == [root]
    assert assignments(it, copy) == []


WRITES = {
    "made": {"method": "POST", "path": "deviceConfigurations$", "nth": [2]},
    "pointed at the copy": {"method": "PUT", "path": r"dentityCertificate\w*/\$ref$"},
    "given its root": {"method": "POST", "path": r"ForServerValidation/\$ref$"},
}
MISHAPS = {
    "answered 503 and carried out": {"when": "after", "effect": 503},
    "answered 500 and not carried out": {"when": "before", "effect": 500},
    "refused": {"when": "before", "effect": 403},
    "refused as wrong": {"when": "before", "effect": 400},
    "accepted and dropped": {"effect": "ignore"},
    "cut off": {"when": "after", "effect": "close"},
}


@pytest.mark.parametrize("mishap", MISHAPS.values(), ids=MISHAPS.keys())
@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
def test_a_copy_is_whole_or_not_there_whatever_becomes_of_a_request(world, write, mishap):
    """And made once, also by the controller that goes on."""
    it = world(clone((NAME,), groups=("fast",), bundle=COPIED))
    user = user_of(it, NAME)
    link, root = with_a_root(it, user)
    it.remember_dependants()
    before = set(it.tenant.profiles())
    it.tenant.control("PUT", "faults", [{"match": write, "times": 1, **mishap}])
    tick = it.start()
    it.tenant.control("PUT", "faults", [])
    if user not in tick.state.clones:
        # What is half made is taken away again, or gone on with where that is not known.
        assert tick.state.state is State.ERROR
        for made in set(it.tenant.profiles()) - before:
            assert not it.reach(made)
        tick = it.do(resume_rollout)
    copy = tick.state.clones[user]
    assert set(it.tenant.profiles()) - before == {copy, tick.state.clones[profile_id(NAME)]}
    assert [item["id"] for item in ask(it, "GET", link.replace(user, copy))["value"]] == [root]
    assert it.users_of(tick.state.clones[profile_id(NAME)]) == [copy]


def test_what_is_made_is_for_nobody_until_the_ring_has_the_certificate(world):
    it = world(clone((NAME,), groups=("fast",), bundle=COPIED, gates=FEW))
    user, original = user_of(it, NAME), profile_id(NAME)
    it.start()
    assert not it.reach(it.state.clones[user])
    it.until(lambda tick: tick.state.ring("fast").changed)
    assert it.reach(it.state.clones[user]) == it.reach(it.state.clones[original])
    # The original stays until the gate has passed.
    kept = assignments(it, user)
    it.until(lambda tick: tick.state.ring("fast").passed_at)
    assert assignments(it, user) != kept
    assert it.reach(user) == it.reach(original)


def test_the_filter_and_exclusions_of_the_dependant_go_with_its_copy(world):
    it = world(clone((NAME,), groups=("fast",), bundle=COPIED, gates=FEW))
    user = user_of(it, NAME)
    mark = {
        "deviceAndAppManagementAssignmentFilterId": "2f9bd5b1-2c4c-4a5d-9d3a-6f8f9f0f2a11",
        "deviceAndAppManagementAssignmentFilterType": "include",
    }
    everybody = [target("group", group_id(ring, "users"), **mark) for ring in ("fast", "broad")]
    assign(it, user, *everybody, target("exclusionGroup", group_id("first", "users")))
    it.remember_dependants()
    it.hours(20)
    it.start()
    it.until(lambda tick: tick.state.ring("fast").changed)
    copy = it.state.clones[user]
    assert it.filters(copy) == {mark["deviceAndAppManagementAssignmentFilterId"]}
    assert any("xclusion" in item for item in assignments(it, copy))
    assert it.finished().state.state is State.COMPLETED


def test_a_ring_without_the_dependant_gets_no_copy_of_it(world):
    """It is for another group: nobody gets a Wi-Fi that was not theirs."""
    it = world(clone((NAME,), groups=("broad", "fast"), bundle=COPIED, gates=FEW))
    user = user_of(it, NAME)
    assign(it, user, target("group", group_id("fast", "users")))
    it.remember_dependants()
    it.hours(20)
    had = it.reach(user)
    it.start()
    it.until(lambda tick: tick.state.ring("broad").changed)
    copy = it.state.clones[user]
    assert not it.reach(copy)
    assert it.finished().state.state is State.COMPLETED
    assert it.reach(copy) == had


def _secret_key(it, user):
    change(it, user, preSharedKeyIsSet=True, preSharedKey=None)
    return "preSharedKey, which Graph does not show"


def _masked_key(it, user):
    change(it, user, preSharedKey="********")
    return "preSharedKey, which Graph does not show"


def _part_of_the_ring(it, user):
    async def members(tenant):
        path = f"groups/{group_id('fast', 'users')}/transitiveMembers?$select=id"
        return await tenant.session.read(path)

    one, *_ = it.tenant.run(members)["value"]
    with it.driver._store.transaction() as connection:
        connection.execute(
            "DELETE FROM membership WHERE group_id = ? AND member_id = ?",
            (group_id("broad", "users"), one["id"]),
        )
        connection.execute(
            "INSERT INTO membership (group_id, member_id) VALUES (?, ?)",
            (group_id("broad", "users"), one["id"]),
        )
    assign(it, user, target("group", group_id("broad", "users")))
    return "its copy would reach the others too"


def _other_kind(it, user):
    assign(it, user, target("allDevices"))
    return "Intune does not compare the two"


def _two_filters(it, user):
    mark = {
        "deviceAndAppManagementAssignmentFilterId": "2f9bd5b1-2c4c-4a5d-9d3a-6f8f9f0f2a11",
        "deviceAndAppManagementAssignmentFilterType": "include",
    }
    rings = [group_id(ring, "users") for ring in ("fast", "broad")]
    assign(it, user, target("group", rings[0], **mark), target("group", rings[1]))
    return "is assigned with several filters"


HOLDS = (_secret_key, _masked_key, _part_of_the_ring, _other_kind, _two_filters)


@pytest.mark.parametrize("prepare", HOLDS)
def test_what_cannot_be_copied_or_moved_holds_the_ring_before_anything_is_written(world, prepare):
    it = world(clone((NAME,), groups=("fast",), bundle=COPIED))
    said = prepare(it, user_of(it, NAME))
    it.remember_dependants()
    it.look()
    written = len(it.writes)
    held = it.start()
    assert held.exit is Exit.PERSON
    assert any(said in sentence for sentence in held.wait.said), held.wait.said
    it.look()
    assert len(it.writes) == written


SECRETS = {
    "one that is said to be set": ({"preSharedKeyIsSet": True, "preSharedKey": None}, 1),
    "one that is set and there": ({"preSharedKeyIsSet": True, "preSharedKey": "x"}, 0),
    "one that is not set": ({"preSharedKeyIsSet": False, "preSharedKey": None}, 0),
    "one that nobody said anything of": ({"preSharedKey": None}, 0),
    "stars": ({"sharedSecret": "*****"}, 1),
    "dots, below": ({"proxy": [{"password": "\u2022\u2022"}]}, 1),
    "a star in a text": ({"trustedServerCertificateNames": ["*.example"]}, 0),
    "one that its method needs": ({"authenticationMethod": "sharedSecret"}, 1),
    "a method that needs none": ({"authenticationMethod": "certificate"}, 0),
    "a personal network": ({"wiFiSecurityType": "wpaPersonal"}, 1),
    "an encrypted value": ({"list": [{"isEncrypted": True, "value": "x"}]}, 1),
    "one that stands elsewhere": ({"secretReferenceValueId": "1"}, 1),
    "one that stands nowhere": ({"secretReferenceValueId": None, "isEncrypted": False}, 0),
}


@pytest.mark.parametrize(("wire", "count"), SECRETS.values(), ids=SECRETS.keys())
def test_a_secret_that_is_not_shown_is_told_by_the_object(wire, count):
    assert len(hidden_secrets(wire)) == count


def test_every_type_says_which_links_it_has():
    assert all(set(links) <= set(links_of(name)) for name, links in CERTIFICATE_LINKS.items())


def _taken(it, _):
    user = user_of(it, NAME)
    body = {
        "@odata.type": f"#microsoft.graph.{kind_of(it, user)}",
        "displayName": "iOS Wi-Fi (SID)",
    }
    ask(it, "POST", "", body)
    return "gives the copy of 'iOS Wi-Fi' the name 'iOS Wi-Fi \\(SID\\)', which"


def _of_one_name(it, _):
    body = another(it, "iOS Wi-Fi")
    made = ask(it, "POST", "", body)["id"]
    _point(it, made, profile_id(NAME))
    assign(it, made, target("group", group_id("fast", "users")))
    return "gives two copies the name"


def _of_two_bundles(it, content):
    user = user_of(it, "iOS user mail")
    kind = "iosDeviceFeaturesConfiguration"
    body = {"@odata.type": f"#microsoft.graph.{kind}", "displayName": "Both"}
    made = ask(it, "POST", "", body)["id"]
    for link, name in zip(CERTIFICATE_LINKS[kind], (NAME, "iOS user mail"), strict=True):
        _point(it, made, profile_id(name), link)
    assign(it, made, target("allLicensedUsers"))
    usual = content["bundles"][0]
    content["bundles"].append({**usual, "profile": "iOS user mail", "dependants": "none"})
    it.write(content)
    return f"cannot be clone: 'Both' uses.*(?#{user})"


def _point(it, dependant, profile, link="identityCertificateForClientAuthentication"):
    path = f"{dependant}/microsoft.graph.{kind_of(it, dependant)}/{link}/$ref"
    ask(it, "PUT", path, {"@odata.id": f"deviceManagement/{CONFIGURATIONS}('{profile}')"})


@pytest.mark.parametrize("prepare", [_taken, _of_one_name, _of_two_bundles])
def test_a_file_that_cannot_be_right_is_refused_before_anything_is_done(world, prepare):
    content = clone((NAME,), groups=("fast",), bundle=COPIED)
    it = world(content)
    said = prepare(it, content)
    it.remember_dependants()
    with pytest.raises(RolloutFileError, match=said):
        it.start()
    assert it.state.started is None


def test_a_return_of_the_originals_is_refused_with_the_way_out(world):
    it = world(clone((NAME,), groups=("fast",), bundle={**COPIED, "finish": "swing_back"}))
    with pytest.raises(PlanError, match="write repoint_at_end, by which they stay and follow"):
        it.start()


def test_rings_alone_may_be_moved(world):
    """Whoever is in no ring keeps the originals, so no ring needs to take the rest."""
    content = clone((NAME,), groups=("fast",), bundle={**COPIED, "finish": "keep_both"}, gates=FEW)
    del content["rings"][-1]
    it = world(content)
    user, before = user_of(it, NAME), it.reach(user_of(it, NAME))
    it.start()
    end = it.finished()
    assert end.state.state is State.COMPLETED
    copy = end.state.clones[user]
    assert it.reach(user) | it.reach(copy) == before
    assert not it.reach(user) & it.reach(copy)


def test_one_that_was_made_meanwhile_holds_what_it_uses(world):
    """Until a person has said what becomes of it; the next ring copies it by itself."""
    it = world(clone((NAME,), groups=("broad", "fast"), bundle=COPIED, gates=FEW))
    it.start()
    it.until(lambda tick: tick.state.ring("broad").changed)
    body = {
        "@odata.type": f"#microsoft.graph.{kind_of(it, user_of(it, NAME))}",
        "displayName": "New",
    }
    made = ask(it, "POST", "", body)["id"]
    _point(it, made, profile_id(NAME))
    assign(it, made, target("allLicensedUsers"))
    before = assignments(it, profile_id(NAME))
    held = it.until(lambda tick: tick.exit is Exit.PERSON)
    assert any("'New' uses its certificates" in said for said in held.wait.said)
    assert assignments(it, profile_id(NAME)) == before
    ask(it, "DELETE", f"{made}/microsoft.graph.{kind_of(it, made)}/{USUAL}/$ref")
    it.remember_dependants()
    assert it.finished().state.state is State.COMPLETED


USUAL = "identityCertificateForClientAuthentication"


def test_a_copy_that_somebody_took_away_holds_what_its_original_uses(world):
    it = world(clone((NAME,), groups=("fast",), bundle=COPIED, gates=FEW))
    user = user_of(it, NAME)
    it.start()
    it.until(lambda tick: tick.state.ring("fast").changed)
    assign(it, it.state.clones[user])
    before = assignments(it, profile_id(NAME)), assignments(it, user)
    held = it.until(lambda tick: tick.exit is Exit.PERSON)
    assert any("would be left without" in said for said in held.wait.said)
    assert (assignments(it, profile_id(NAME)), assignments(it, user)) == before


def test_a_copy_that_cannot_be_applied_fails_the_gate(world):
    """Every certificate is there, and the network is not."""
    it = world(clone((NAME,), groups=("fast",), bundle=COPIED, gates=FEW))
    user = user_of(it, NAME)
    it.start()
    it.until(lambda tick: tick.state.ring("fast").changed)
    it.hours(5)
    copy = it.state.clones[user]
    devices, now = it.reach(copy), it.driver.now
    with it.driver._store.transaction() as connection:
        number, _ = profile_number(connection, copy)
        connection.executemany(
            "INSERT INTO fleet_status (profile, device, at, status) VALUES (?, ?, ?, 'error')",
            [(number, device, now) for device in devices],
        )
    frozen = it.finished()
    assert frozen.state.state is State.ERROR
    assert "max_failed" in frozen.msg or "failed" in frozen.state.frozen
    assert it.reach(user) >= it.reach(copy)


def test_what_nobody_could_read_holds_every_stage(world):
    it = world(clone(("iOS user VPN",), groups=("broad",), bundle=COPIED))
    fault = {"match": {"path": "identityCertificate"}, "effect": 403}
    it.tenant.control("PUT", "faults", [fault])
    held = it.start()
    assert (held.exit, held.wait.need) == (Exit.UNKNOWN, Need.EVIDENCE)
    assert any("not all known" in said for said in held.wait.said)
    it.tenant.control("PUT", "faults", [])
    it.until(lambda tick: tick.state.ring("broad").changed)
    it.hours(40)
    it.tenant.control("PUT", "faults", [fault])
    assert it.tick().exit is Exit.UNKNOWN
    it.tenant.control("PUT", "faults", [])
    assert it.finished().state.state is State.COMPLETED


def test_check_and_dry_run_say_which_copies_there_will_be(world):
    it = world(clone((NAME, "Windows user Wi-Fi"), groups=("fast",), bundle=COPIED))
    resolved = it.tenant.run(lambda tenant: resolve_in(tenant, load_rollout(it.file)))
    said = "'iOS Wi-Fi' uses 'iOS user Wi-Fi' and gets the copy 'iOS Wi-Fi (SID)'."
    assert said in resolved.notes
    rows = [row for bundle in resolved.to_dict()["bundles"] for row in bundle["dependants"]]
    assert [row["clone_name"] for row in rows] == ["iOS Wi-Fi (SID)", "Windows Wi-Fi (SID)"]
    tick = it.start(dry_run=True)
    assert said in tick.wait.said
    # What the copies of dependants are is told by the run that makes them.
    started = it.start()
    [report] = [r for r in started.reports if r.to_dict()["profiles"][0].get("original") != NAME]
    rows = {row["name"]: row for row in report.to_dict()["profiles"] if "original" in row}
    assert set(rows) == {"iOS Wi-Fi (SID)", "Windows Wi-Fi (SID)"}
    assert rows["iOS Wi-Fi (SID)"]["notes"] == [COPY_ENROLS]
    assert started.to_dict()["clones"].keys() >= set(it._dependants)


def test_a_name_without_a_place_for_the_original_is_that_of_the_profile_alone(world):
    bundle = {**COPIED, "clone_name": "The new one"}
    it = world(clone((NAME,), groups=("fast",), bundle=bundle))
    it.start()
    names = {it.tenant.profiles()[copy]["displayName"] for copy in it.state.clones.values()}
    assert names == {"The new one", "iOS Wi-Fi (SID)"}


def test_copies_on_apple_are_counted_by_the_load(world):
    names = ("iOS user Wi-Fi", "macOS user Wi-Fi")
    it = world(clone(names, groups=(), bundle=COPIED, gates=FEW, load={"per_scep_host": "8/h"}))
    it.start()
    end = it.finished()
    assert end.state.state is State.COMPLETED
    rest = end.state.ring("rest")
    assert min(rest.done[Stage.FOLLOW].values()) > max(rest.done[Stage.OPEN].values())


def test_a_rollback_takes_every_copy_away(world):
    names = ("Windows user Wi-Fi", "iOS user mail", "Android user Wi-Fi")
    it = world(clone(names, groups=("fast",), bundle=COPIED, gates={**FEW, **SOON}))
    before = set(it.tenant.profiles())
    users = [user_of(it, name) for name in names]
    kept = [assignments(it, each) for each in users]
    it.start()
    assert it.finished().state.state is State.COMPLETED
    dry = it.tenant.run(
        lambda tenant: roll_back_rollout(tenant, it.file, reason="no", dry_run=True)
    )
    assert not any(report.failed for report in dry.reports), dry.msg
    tick = it.tenant.run(lambda tenant: roll_back_rollout(tenant, it.file, reason="no"))
    assert not any(report.failed for report in tick.reports), tick.msg
    assert set(it.tenant.profiles()) == before
    assert [assignments(it, each) for each in users] == kept


def test_cancel_names_the_copies_that_stay(world):
    it = world(clone((NAME,), groups=("fast",), bundle=COPIED))
    it.start()
    tick = it.do(cancel_rollout, reason="enough")
    for name in ("iOS user Wi-Fi (SID)", "iOS Wi-Fi (SID)"):
        assert f"{name!r}" in tick.msg
    assert tick.msg.count("copies stay") == 1


# Controllers that are broken


def _taken_out_early(patch):
    """The ring leaves the original as it gets the copy."""
    gives = DependantCopies.give

    async def and_takes(self, ring, bundles):
        given = await gives(self, ring, bundles)
        if any(action.writes for action in given):
            return given
        return [*given, *(await self.settle(ring, bundles))[0]]

    patch.setattr(DependantCopies, "give", and_takes)


def _points_at_the_original(patch):
    patch.setattr(DependantCopies, "_wanted", lambda _, led_to: led_to)


def _for_nobody(patch):
    async def nothing(self, ring, bundles):
        return []

    patch.setattr(DependantCopies, "give", nothing)
    # It is not looked at again, either.
    patch.setattr(DependantCopies, "_concerned", lambda *_: ([], []))
    patch.setattr(copying, "everybody", lambda whom, held, rings: held)


def _without_the_filter(patch):
    def without_filter(groups, original, held, rings):
        return (*held, *({"target": target("group", group)} for group in groups))

    patch.setattr(copying, "given_to", without_filter)


def _original_first(patch):
    """The SCEP profile goes while its dependant is there."""

    async def nothing(self, *_):
        return [], {}

    patch.setattr(DependantCopies, "settle", nothing)


BROKEN = (
    _taken_out_early,
    _points_at_the_original,
    _for_nobody,
    _without_the_filter,
    _original_first,
)


@pytest.mark.parametrize("mutate", [None, *BROKEN])
def test_a_broken_controller_is_noticed(world, monkeypatch, mutate):
    it = world(clone((NAME,), groups=("fast",), bundle=COPIED, gates={**FEW, **SOON}))
    mark = {
        "deviceAndAppManagementAssignmentFilterId": "2f9bd5b1-2c4c-4a5d-9d3a-6f8f9f0f2a11",
        "deviceAndAppManagementAssignmentFilterType": "include",
    }
    assign(it, user_of(it, NAME), target("allLicensedUsers", **mark))
    it.remember_dependants()
    if mutate is None:
        it.start()
        assert it.finished().state.state is State.COMPLETED
        return
    mutate(monkeypatch)
    with pytest.raises(AssertionError):
        it.start()
        it.finished()
