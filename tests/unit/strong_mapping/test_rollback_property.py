"""For generated profiles of every type: one name more, all others kept, undone by rollback."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.conftest import SimulatedTenant

from intune_scep.changes.run import roll_back as rollback
from intune_scep.profiles import PROFILE_TYPES, ProfileKind
from intune_scep.simulator import seed_database
from intune_scep.simulator.scenario import build_scenario
from intune_scep.strong_mapping import Choices, enforce

SANS = "customSubjectAlternativeNames"
SID_URI = {"sanType": "universalResourceIdentifier", "name": "{{OnPremisesSecurityIdentifier}}"}
TYPES = [row for row in PROFILE_TYPES if row.kind is ProfileKind.SCEP and row.supports_custom_sans]
EVERYTHING = Choices(
    include_android=True,
    include_device_certificates=True,
    include_legacy_san=True,
    # None of them has a trusted root.
    include_review=[row.name for row in TYPES],
)
NAME = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=20
)
SAN = st.fixed_dictionaries(
    {
        "sanType": st.sampled_from(
            ["universalResourceIdentifier", "userPrincipalName", "emailAddress"]
        ),
        "name": NAME.filter(str.strip),
    }
)


def profiles(names):
    """One profile of each type that can carry names, by the names drawn for it."""
    for number, (row, sans) in enumerate(zip(TYPES, names, strict=True)):
        yield {
            "@odata.type": row.odata_type,
            "id": f"00000000-0000-4000-8000-{number:012d}",
            "displayName": row.name,
            "certificateStore": "user",
            "subjectNameFormat": "custom",
            "subjectNameFormatString": "CN={{UserName}}",
            "certificateValidityPeriodScale": "years",
            "certificateValidityPeriodValue": 1,
            "renewalThresholdPercentage": 20,
            "extendedKeyUsages": [],
            SANS: sans,
        }


def facts(tenant):
    keep = {"version", "lastModifiedDateTime"}
    return {
        identifier: {key: value for key, value in profile.items() if key not in keep}
        for identifier, profile in tenant.profiles().items()
    }


@settings(
    deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(names=st.tuples(*[st.lists(SAN, max_size=4) for _ in TYPES]))
def test_append_and_rollback(names):
    with TemporaryDirectory() as directory:
        path = Path(directory) / "tenant.db"
        seed_database(path, replace(build_scenario("empty"), profiles=tuple(profiles(names))))
        tenant = SimulatedTenant(path)
        try:
            before = facts(tenant)
            journal = Path(directory) / "journal"
            report = tenant.run(
                lambda graph: enforce(graph, EVERYTHING, dry_run=False, journal=journal)
            )
            assert not report.failed
            after = facts(tenant)
            assert len(after) == len(TYPES)
            for identifier, profile in before.items():
                assert after[identifier] == {**profile, SANS: [*profile[SANS], SID_URI]}
            again = tenant.run(lambda graph: enforce(graph, EVERYTHING, dry_run=False))
            assert not again.changed
            undone = tenant.run(lambda graph: rollback(graph, journal, dry_run=False))
            assert not undone.failed
            assert facts(tenant) == before
        finally:
            tenant.close()
