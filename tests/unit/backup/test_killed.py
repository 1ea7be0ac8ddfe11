"""A backup or an export that is killed anywhere is the old one or the new one."""

import os
import shutil
import sys

import pytest

from intune_scep.backup import backup as backups
from intune_scep.backup import export as exports
from intune_scep.backup.backup import back_up_profiles, read_backup
from intune_scep.backup.directory import write_files
from intune_scep.backup.export import export_profiles
from intune_scep.declarations.reading import read_declarations
from intune_scep.errors import BackupError, ExportError
from intune_scep.files import is_leftover
from intune_scep.simulator.scenarios.wire import root_body, scep_body

from .killed import run_until
from .tenants import URL, directory

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="This system cannot fork."),
    pytest.mark.filterwarnings("ignore:This process:DeprecationWarning"),
]
JOBS = {"backup": (backups, back_up_profiles), "export": (exports, export_profiles)}


def tenant_with(simulated, *names, **more):
    root = root_body("ios", "Root", "bulk-root")
    wires = [scep_body("ios", name, urls=[URL], **more) for name in names]
    links = {wire["id"]: root["id"] for wire in wires}
    return simulated(directory(profiles=(root, *wires), root_links=links))


def writing_of(tenant, job, path, monkeypatch, **options):
    """What the job would write into the directory, as a call that can be made in a child."""
    module, work = JOBS[job]
    calls = []

    def note(*arguments, **named):
        calls.append((arguments, named))
        return write_files(*arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(module, "write_files", note)
        scratch = path.with_name("scratch")
        if path.exists():
            shutil.copytree(path, scratch)
        tenant.run(lambda graph: work(graph, scratch, **options))
    whole = content(scratch)
    shutil.rmtree(scratch)
    [((_, *arguments), named)] = calls
    return whole, lambda: write_files(path, *arguments, **named)


def content(path):
    return {item.name: item.read_bytes() for item in path.iterdir()} if path.exists() else {}


def restore(path, before):
    shutil.rmtree(path, ignore_errors=True)
    if before:
        path.mkdir()
    for name, data in before.items():
        (path / name).write_bytes(data)


def names_of(path):
    try:
        backup = read_backup(path)
    except BackupError as error:
        return str(error)
    sizes = {item.profile.to_wire().get("keySize") for item in backup.items} - {None}
    return [item.profile.display_name for item in backup.items], sizes


@pytest.fixture(params=JOBS)
def job(request):
    return request.param


@pytest.fixture
def killed_everywhere(simulated, tmp_path, monkeypatch, job):
    """Yield after each kill: the content before, the content if whole, and the directory."""
    path = tmp_path / "out"
    _, first = writing_of(tenant_with(simulated, "Goes", "Stays"), job, path, monkeypatch)
    first()
    before = content(path)
    edited = tenant_with(simulated, "Stays", "New", keySize="size4096")
    new, second = writing_of(edited, job, path, monkeypatch, remove_left_over=True)

    def runs():
        for number in range(1, 500):
            restore(path, before)
            if not run_until(number, path, second):
                assert number > 20
                return
            yield before, new, path

    runs.again = second
    return runs


@pytest.mark.parametrize("job", ["backup"])
def test_it_is_the_old_one_or_the_new_one_at_every_instant(killed_everywhere):
    seen = []
    for _, _, path in killed_everywhere():
        seen.append(names_of(path))
    old = (["Root", "Goes", "Stays"], {"size2048"})
    new = (["Root", "New", "Stays"], {"size4096"})
    assert old in seen
    assert new in seen
    assert seen == [old] * seen.count(old) + [new] * seen.count(new)


def test_it_is_completed_by_the_next_one_and_nothing_strays(killed_everywhere):
    for _, new, path in killed_everywhere():
        killed_everywhere.again()
        assert content(path) == new


def test_each_file_is_whole_at_every_instant(killed_everywhere):
    for before, new, path in killed_everywhere():
        for name, data in content(path).items():
            if not is_leftover(name) and not name.endswith(".pending"):
                assert data in (before.get(name), new.get(name)), name


def test_a_first_one_that_was_killed_is_repeated_after_the_tenant_was_edited(
    simulated, tmp_path, monkeypatch, job
):
    path = tmp_path / "out"
    tenant = tenant_with(simulated, "Goes", "Stays")
    _, first = writing_of(tenant, job, path, monkeypatch)
    edited = tenant_with(simulated, "Stays", "New", keySize="size4096")
    whole, second = writing_of(edited, job, path, monkeypatch, remove_left_over=True)
    for number in range(1, 500):
        shutil.rmtree(path, ignore_errors=True)
        if not run_until(number, path, first):
            break
        second()
        assert content(path) == whole
    assert number > 20


def test_what_somebody_edited_after_the_kill_is_neither_lost_nor_passed_over(
    simulated, tmp_path, monkeypatch
):
    path = tmp_path / "out"
    tenant = tenant_with(simulated, "Stays")
    _, first = writing_of(tenant, "export", path, monkeypatch)
    first()
    before = content(path)
    edited = tenant_with(simulated, "Stays", keySize="size4096")
    _, second = writing_of(edited, "export", path, monkeypatch)
    file = path / "scep-ios-stays.yml"
    refused = 0
    for number in range(1, 500):
        restore(path, before)
        if not run_until(number, path, second):
            break
        file.write_bytes(b"# mine\n")
        with pytest.raises(ExportError, match=r"scep-ios-stays\.yml"):
            second()
        refused += 1
        assert file.read_bytes() == b"# mine\n"
        assert not [name for name in content(path) if is_leftover(name)]
    assert refused == number - 1 > 10


def test_a_disk_that_is_full_leaves_the_earlier_one_and_no_stray_file(
    simulated, tmp_path, monkeypatch, job
):
    path = tmp_path / "out"
    _, first = writing_of(tenant_with(simulated, "Stays"), job, path, monkeypatch)
    first()
    before = content(path)
    edited = tenant_with(simulated, "Stays", "New", keySize="size4096")
    _, second = writing_of(edited, job, path, monkeypatch)
    real, count = os.fsync, 0

    def full(descriptor):
        nonlocal count
        count += 1
        if count == 3:
            raise OSError(28, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ExportError, match="No space left"):
        second()
    assert content(path) == before


def test_a_pending_export_that_is_damaged_is_one_message(simulated, tmp_path):
    path = tmp_path / "out"
    tenant = tenant_with(simulated, "Stays")
    tenant.run(lambda graph: back_up_profiles(graph, path))
    for damage in (
        "{",
        "[]",
        '{"ledger": {"files": {"../x": "0"}}, "replaces": {}, "removes": {}}',
    ):
        (path / ".manifest.json.pending").write_text(damage)
        with pytest.raises(BackupError, match=r"manifest\.json"):
            read_backup(path)
        with pytest.raises(ExportError, match=r"damaged|not valid JSON"):
            tenant.run(lambda graph: back_up_profiles(graph, path))


def test_an_export_that_was_completed_is_read_as_declarations(simulated, tmp_path, monkeypatch):
    path = tmp_path / "out"
    whole, first = writing_of(tenant_with(simulated, "Stays"), "export", path, monkeypatch)
    run_until(sys.maxsize, path, first)
    assert content(path) == whole
    assert len(read_declarations(path)) == 2
