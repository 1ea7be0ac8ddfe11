"""For any valid declaration: apply, then nothing to do; read back, then no drift; change, then the
change and nothing else."""

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intune_scep.declarations import declaration_from_profile, inexpressible
from intune_scep.desired_state import apply_plan, list_profiles, plan_declarations
from intune_scep.profiles import ProfileKind

from .declared import ERRORS_AS_WARNINGS, KINDS, OTHER_PEM, declare, root
from .strategies import PLATFORMS, declarations

COUNTER = itertools.count()
IN_ONE_TENANT = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def roots(platform):
    return [root(platform), root(platform, name="Next", certificate=OTHER_PEM)]


async def planned(graph, wanted):
    """A plan that no rule refuses: any combination of valid options must survive the way."""
    return await plan_declarations(graph, wanted, rules=ERRORS_AS_WARNINGS)


@pytest.mark.parametrize("kind", KINDS)
@IN_ONE_TENANT
@given(data=st.data(), platform=PLATFORMS)
def test_apply_then_plan_is_empty_and_what_is_read_is_no_drift(tenant, kind, data, platform):
    name = f"{kind} {next(COUNTER)}"
    first, second = (data.draw(declarations(kind, platform, name)) for _ in range(2))

    async def work(graph):
        async def bring(options):
            wanted = [*roots(platform), declare(kind, options)]
            plan = await planned(graph, wanted)
            report = await apply_plan(graph, plan)
            assert not report.failed, (report.msg, options)
            again = await plan_declarations(graph, wanted)
            assert again.is_empty, again.to_dict()["profiles"][-1]
            return plan.actions[-1]

        assert (await bring(first)).action == "create"
        await no_drift(graph, kind, platform, name)
        action = await bring(second)
        assert {d.property for d in action.diff} <= set(second) | {"subject_name_format_type"}
        await no_drift(graph, kind, platform, name)

    tenant.simulated.run(work)


async def no_drift(graph, kind, platform, name):
    """Read the profile as a declaration: it must plan to nothing, and say all there is."""
    listing = await list_profiles(graph, kinds=[kind], platforms=[platform], only=[name])
    [profile] = listing.profiles
    assert inexpressible(profile) == {}
    options = declaration_from_profile(
        profile,
        names=listing.names,
        roots=listing.roots,
        root=listing.root_links.get(profile.id),
    )
    plan = await plan_declarations(graph, [declare(kind, options)])
    assert plan.is_empty, (options, plan.to_dict()["profiles"])


@IN_ONE_TENANT
@given(data=st.data(), platform=PLATFORMS)
def test_a_declaration_read_from_one_tenant_makes_the_same_profile_elsewhere(
    tenant, data, platform
):
    """The same wire properties, root by name, assignments; only ids, version and dates differ."""
    number = next(COUNTER)
    wanted = data.draw(declarations(ProfileKind.SCEP, platform, f"Source {number}"))

    async def work(graph):
        source = [*roots(platform), declare(ProfileKind.SCEP, wanted)]
        report = await apply_plan(graph, await planned(graph, source))
        assert not report.failed, report.msg
        listing = await list_profiles(graph, only=[f"Source {number}"])
        [profile] = listing.profiles
        options = declaration_from_profile(
            profile,
            names=listing.names,
            roots=listing.roots,
            root=listing.root_links[profile.id],
        )
        copy = declare(ProfileKind.SCEP, {**options, "name": f"Copy {number}"})
        report = await apply_plan(graph, await planned(graph, [copy]))
        assert not report.failed, report.msg
        both = await list_profiles(graph, only=[f"Source {number}", f"Copy {number}"])
        one, other = (comparable(profile, both.root_links) for profile in both.profiles)
        assert one == other

    tenant.simulated.run(work)


def comparable(profile, links):
    server = {"id", "version", "createdDateTime", "lastModifiedDateTime", "displayName"}
    wire = {
        name: value
        for name, value in profile.to_wire().items()
        if name not in server and "@" not in name
    }
    wire["assignments"] = sorted(str(item["target"]) for item in wire["assignments"])
    link = links[profile.id]
    return {**wire, "root": link.id if link is not None else None}
