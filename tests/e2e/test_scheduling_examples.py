"""Every scheduling example is run, as far as that goes without the service it is for."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from intune_scep.compliance import Policy, load_policy
from intune_scep.reports.machine import report_schema
from intune_scep.rules import load_configuration
from intune_scep.simulator.scenario import build_scenario

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs" / "scheduling"
EXAMPLES = DOCS / "examples"
ROLLOUT = ("strong-mapping", "rollout")
JOBS = ("report", "rollout")
FILES = {"compliance.html", "compliance.json", "compliance.md", "compliance.sarif"}


def needs(tool):
    return pytest.mark.skipif(
        shutil.which(tool) is None and not os.environ.get("CI"),
        reason=f"{tool} is not here; it is required in CI",
    )


@pytest.fixture
def machine(simulated, tmp_path):
    """Run shell text where intune-scep is installed and reaches a simulated tenant."""
    return machine_of(simulated("contoso"), tmp_path)


def machine_of(tenant, tmp_path):
    shutil.copy(EXAMPLES / "policy.yml", tmp_path / "policy.yml")
    environment = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "INTUNE_SCEP_CLOUD": "simulator",
        "INTUNE_SCEP_SIMULATOR": str(tenant.path),
    }

    def run(text, *, shell=("bash", "-e", "-o", "pipefail", "-c"), **more):
        return subprocess.run(
            [*shell, text],
            env={**environment, **more},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    run.tenant, run.path = tenant, tmp_path
    return run


def relocate(text, path):
    """System directories become ones below the test's own."""
    (path / "etc").mkdir(exist_ok=True)
    shutil.copy(EXAMPLES / "policy.yml", path / "etc" / "policy.yml")
    (path / "etc" / "environment.sh").write_text("export FROM_FILE=yes\n", encoding="utf-8")
    return text.replace("/etc/intune-scep", f"{path}/etc").replace(
        "/var/lib/intune-scep", f"{path}/state"
    )


def written(path):
    return {item.name for item in path.iterdir()}


def test_the_policy_example_states_the_defaults():
    assert load_policy(EXAMPLES / "policy.yml") == Policy()


def test_the_rules_example_can_be_read():
    configuration = load_configuration(EXAMPLES / "rules.yml")
    assert configuration.waivers
    assert configuration.answers
    assert configuration.severities
    assert configuration.disabled


@needs("systemd-analyze")
@pytest.mark.parametrize(
    "unit", [f"intune-scep-{job}.{kind}" for job in JOBS for kind in ("timer", "service")]
)
def test_systemd_accepts_the_units(unit):
    done = subprocess.run(
        ["systemd-analyze", "verify", f"./{unit}"],
        cwd=EXAMPLES / "systemd",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_service_runs_its_command(machine):
    unit = (EXAMPLES / "systemd" / "intune-scep-report.service").read_text(encoding="utf-8")
    [command] = re.findall(r"^ExecStart=(.*)$", unit, re.MULTILINE)
    done = machine(relocate(command, machine.path))
    assert done.returncode == 2, done.stderr
    assert written(machine.path / "state" / "report") > FILES


def cron_line(name="intune-scep"):
    text = (EXAMPLES / "cron" / name).read_text(encoding="utf-8")
    [line] = [line for line in text.splitlines() if re.match(r"[0-9*]", line)]
    *when, user, command = line.split(maxsplit=6)
    assert len(when) == 5
    assert user == "intune-scep"
    assert "%" not in command, "cron turns it into a new line"
    return command


def test_cron_prints_only_when_the_run_did_not_pass(machine):
    command = relocate(cron_line(), machine.path)
    done = machine(command, shell=("sh", "-c"))
    assert done.returncode == 2
    assert "What to do first" in done.stdout
    policy = {"fail_on": {"errors": False, "required": False, "defective": False}}
    (machine.path / "etc" / "policy.yml").write_text(yaml.safe_dump(policy), encoding="utf-8")
    done = machine(command, shell=("sh", "-c"))
    assert (done.returncode, done.stdout) == (0, "")


@pytest.fixture
def token_service():
    """What GitHub answers to a request for a token."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.path, self.headers["Authorization"]))
            body = json.dumps({"count": 1, "value": "signed.by.github"}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/token?version=2", asked
        server.shutdown()
        thread.join()


@needs("jq")
@needs("curl")
def test_github_steps_get_a_token_report_and_summarise(machine, token_service):
    url, asked = token_service
    workflow = yaml.safe_load(
        (EXAMPLES / "github-actions" / "compliance.yml").read_text(encoding="utf-8")
    )
    steps = {
        step["name"]: step["run"]
        for step in workflow["jobs"]["report"]["steps"]
        if "run" in step and step["name"] != "Install"
    }
    files = {name: machine.path / name for name in ("GITHUB_ENV", "GITHUB_STEP_SUMMARY")}
    more = {
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "request-token",
        "ACTIONS_ID_TOKEN_REQUEST_URL": url,
        "RUNNER_TEMP": str(machine.path),
        **{name: str(path) for name, path in files.items()},
    }
    codes = {name: machine(text, **more).returncode for name, text in steps.items()}
    assert codes == {"Token for Microsoft Entra": 0, "Report": 2, "Summary": 0}
    [(path, authorization)] = asked
    assert path.endswith("&audience=api://AzureADTokenExchange")
    assert authorization == "bearer request-token"
    token = machine.path / "federated-token"
    assert token.read_text(encoding="utf-8").strip() == "signed.by.github"
    assert token.stat().st_mode & 0o077 == 0
    assert files["GITHUB_ENV"].read_text("utf-8") == f"AZURE_FEDERATED_TOKEN_FILE={token}\n"
    assert (
        files["GITHUB_STEP_SUMMARY"].read_text("utf-8").startswith("# SIMULATOR: Needs attention")
    )


def test_gitlab_script_reports_and_removes_the_token(machine):
    job = yaml.safe_load((EXAMPLES / "gitlab-ci" / ".gitlab-ci.yml").read_text(encoding="utf-8"))
    job = job["compliance"]
    project = machine.path / "project"
    more = {"AZURE_FEDERATED_TOKEN": "signed.by.gitlab", "CI_PROJECT_DIR": str(project)}
    done = machine("\n".join(job["script"]), **more)
    assert done.returncode == 2, done.stderr
    token = machine.path / "project.token"
    assert token.read_text(encoding="utf-8") == "signed.by.gitlab"
    assert token.stat().st_mode & 0o077 == 0
    assert written(machine.path / "report") > FILES
    machine("\n".join(job["after_script"]), **more)
    assert not token.exists()
    [artifact] = job["artifacts"]["reports"].values()
    assert (machine.path / artifact).exists()


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ("vendor.github-workflows", "github-actions/compliance.yml"),
        ("vendor.gitlab-ci", "gitlab-ci/.gitlab-ci.yml"),
    ],
)
def test_pipelines_fit_their_schemas(schema, path):
    tool = Path(sys.executable).with_name("check-jsonschema")
    done = subprocess.run(
        [tool, "--builtin-schema", schema, EXAMPLES / path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_awx_template_names_a_playbook_and_a_schedule():
    path = EXAMPLES / "awx" / "job-template.yml"
    [play] = yaml.safe_load(path.read_text(encoding="utf-8"))
    template, schedule = play["tasks"]
    assert template["awx.awx.job_template"]["playbook"] == "playbooks/compliance-report.yml"
    assert (
        schedule["awx.awx.schedule"]["unified_job_template"]
        == template["awx.awx.job_template"]["name"]
    )


@pytest.fixture
def rollout(simulated, tmp_path):
    """A machine with the file of a rollout where the examples have it; `do` does a verb."""
    machine = machine_of(simulated(build_scenario("rollout", {"devices": 20})), tmp_path)
    relocate("", machine.path)
    content = {
        "rollout": "r",
        "strategy": "in_place",
        "rings": [{"name": "first", "profiles": ["iOS user Wi-Fi"]}],
        "gates": {"soak": "24h"},
    }
    file = machine.path / "etc" / "strong-mapping.yml"
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    state = {"INTUNE_SCEP_STATE": f"{machine.path}/state/state"}

    def do(verb, *options):
        done = machine(shlex.join(["intune-scep", *ROLLOUT, verb, str(file), *options]), **state)
        assert done.returncode == 0, done.stderr

    machine.do = do
    return machine


def service_of_ticks():
    unit = (EXAMPLES / "systemd" / "intune-scep-rollout.service").read_text(encoding="utf-8")
    [command] = re.findall(r"^ExecStart=(.*)$", unit, re.MULTILINE)
    [state] = re.findall(r"^Environment=(INTUNE_SCEP_STATE=.*)$", unit, re.MULTILINE)
    return f"export {state}; {command}"


@pytest.mark.parametrize(
    "command", [service_of_ticks(), cron_line("intune-scep-rollout")], ids=["systemd", "cron"]
)
def test_a_scheduled_tick_waits_and_tells_when_a_person_must_act(rollout, command):
    command = relocate(command, rollout.path)
    assert rollout(command, shell=("sh", "-c")).returncode == 2, "it is not started"
    rollout.do("start", "--yes")
    done = rollout(command, shell=("sh", "-c"))
    assert (done.returncode, done.stderr) == (0, "")
    rollout.do("pause", "--reason", "CA maintenance")
    done = rollout(command, shell=("sh", "-c"))
    assert done.returncode == 2
    assert "CA maintenance" in done.stdout


def test_the_awx_template_of_ticks_names_the_playbook_and_variables_of_the_role():
    [play] = yaml.safe_load((EXAMPLES / "awx" / "rollout-template.yml").read_text(encoding="utf-8"))
    template, schedule = (
        next(task[module] for task in play["tasks"] if module in task)
        for module in ("awx.awx.job_template", "awx.awx.schedule")
    )
    assert (ROOT / template["playbook"]).is_file()
    assert schedule["unified_job_template"] == template["name"]
    assert "FREQ=MINUTELY;INTERVAL=30" in schedule["rrule"]
    specification = ROOT / "roles" / "strong_mapping" / "meta" / "argument_specs.yml"
    known = yaml.safe_load(specification.read_text(encoding="utf-8"))["argument_specs"]["main"]
    given = {name for name in template["extra_vars"] if name.startswith("strong_mapping_")}
    assert given <= set(known["options"])
    assert "INTUNE_SCEP_STATE" in template["extra_vars"]["intune_environment"]


def test_the_published_schema_is_the_one_in_the_package():
    text = (DOCS / "compliance-report.schema.json").read_text(encoding="utf-8")
    assert json.loads(text) == report_schema()


def test_the_alerts_ask_for_metrics_that_exist(machine):
    text = (DOCS / "README.md").read_text(encoding="utf-8")
    block = re.search(r"```yaml\n(groups:.*?)```", text, re.DOTALL)[1]
    rules = yaml.safe_load(block)["groups"][0]["rules"]
    asked = {name for rule in rules for name in re.findall(r"intune_scep_\w+", rule["expr"])}
    done = machine("intune-scep report --format prometheus")
    families = {family.name for family in text_string_to_metric_families(done.stdout)}
    assert asked
    assert asked <= families
