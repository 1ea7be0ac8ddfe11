"""What fails a run is policy, and a policy file says so or is refused."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intune_scep.compliance import Policy, Status, load_policy, make_policy
from intune_scep.errors import PolicyError
from intune_scep.rules import Configuration, Severity, Waiver

FLAGS = ("errors", "new_findings", "required", "defective", "drift", "expired_roots")
NOTHING = dict.fromkeys(FLAGS, False)


def test_each_cause_fails_by_itself(contoso, check):
    assert check(contoso, policy=Policy(**NOTHING)).outcome.status is Status.PASSED
    for cause in ("errors", "required", "defective"):
        outcome = check(contoso, policy=Policy(**{**NOTHING, cause: True})).outcome
        assert (outcome.status, outcome.exit_code) == (Status.FAILED, 2)
        assert [reason.cause for reason in outcome.reasons] == [cause]


def test_warnings_become_errors_on_their_day(contoso, check):
    day = date(2027, 3, 1)
    policy = Policy(**NOTHING, warnings_are_errors_from=day)
    start = datetime(2027, 3, 1, tzinfo=UTC)
    before = check(contoso, policy=policy, now=start - timedelta(seconds=1))
    after = check(contoso, policy=policy, now=start)
    assert before.outcome.status is Status.PASSED
    assert [reason.cause for reason in after.outcome.reasons] == ["warnings"]
    assert "2027-03-01" in after.msg


def test_a_root_that_ends_fails_only_where_it_is_used(contoso, check):
    policy = Policy(**{**NOTHING, "expired_roots": True})
    report = check(contoso, policy=policy, now=datetime(2026, 12, 20, tzinfo=UTC))
    [reason] = report.outcome.reasons
    assert (reason.cause, reason.profiles) == (
        "expired_roots",
        ("Windows - Root - Contoso WLAN Root CA",),
    )


def test_a_waiver_counts_until_its_last_day(contoso, check):
    waiver = Waiver("R-120", "Windows - SCEP - User - Lab", "Lab", date(2026, 12, 31))
    idle = Waiver("R-150", "No such profile", "Typing error", date(2026, 12, 31))
    configuration = Configuration(waivers=(waiver, idle))

    def errors(report):
        return {item.rule_id for item in report.counting(Severity.ERROR)}

    used = check(contoso, configuration=configuration)
    assert "R-120" not in errors(used)
    assert (used.waivers_used, used.waivers_idle) == ((waiver,), (idle,))
    expired = check(contoso, configuration=configuration, now=datetime(2027, 1, 1, tzinfo=UTC))
    assert "R-120" in errors(expired)
    assert set(expired.waivers_expired) == {waiver, idle}
    [finding] = [item for item in expired.findings if item.rule_id == "R-120"]
    assert finding.expired_waiver == waiver


def test_an_answer_settles_a_question(contoso, check):
    asked = {item.id for item in check(contoso).questions}
    assert "R-080" in asked
    answered = check(contoso, configuration=Configuration(answers={"R-080": False}))
    assert "R-080" not in {item.id for item in answered.questions}
    assert [item.rule_id for item in answered.tenant_findings] == ["R-080"]


@given(
    st.fixed_dictionaries({}, optional=dict.fromkeys(FLAGS, st.booleans())),
    st.none() | st.dates(),
    st.integers(0, 3650),
)
def test_a_policy_survives_its_file(flags, day, days):
    policy = make_policy(
        {"fail_on": flags, "warnings_are_errors_from": day, "root_expiry_days": days}
    )
    assert make_policy(policy.to_dict()) == policy
    assert all(getattr(policy, name) is value for name, value in flags.items())


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("fail_on: {error: true}", "fail_on.error"),
        ("fail_on: {errors: 'yes'}", "fail_on.errors"),
        ("warnings_are_errors_from: soon", "warnings_are_errors_from"),
        ("root_expiry_days: -1", "root_expiry_days"),
        ("- a list", "the file"),
        ("{", "not YAML"),
    ],
)
def test_a_wrong_file_is_refused_by_name(tmp_path, text, named):
    path = tmp_path / "policy.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError, match=named):
        load_policy(path)


def test_an_empty_file_is_the_default(tmp_path):
    path = tmp_path / "policy.yml"
    path.write_text("# nothing yet\n", encoding="utf-8")
    assert load_policy(path) == Policy()
