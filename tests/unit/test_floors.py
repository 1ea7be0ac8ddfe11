"""The house: imports go down only, in no circle, and nobody knows the simulator."""

import ast
import graphlib
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "python" / "intune_scep"
FLOORS = {
    "errors": 0,
    "version": 0,
    "certificate_states": 0,
    "connection": 0,
    "portal": 0,
    "files": 0,
    "lazy": 0,
    "memory": 0,
    "records": 0,
    "result_fields": 0,
    "texts": 0,
    "wording": 0,
    "yaml_text": 0,
    "profiles": 1,
    "certificates": 1,
    "active_directory": 2,
    "graph": 2,
    "rules": 2,
    "declarations": 2,
    "tenant": 3,
    "changes": 4,
    "audience": 4,
    "strong_mapping": 5,
    "desired_state": 5,
    "backup": 5,
    "compliance": 5,
    "rollout": 5,
    "reports": 6,
    "client": 6,
    "sync_client": 6,
    "cli": 7,
}
MAY_KNOW_THE_SIMULATOR = {"graph/connect.py", "cli/commands.py"}

# Rooms on one floor that one may use of the other, and why.
NEIGHBOURS = {
    ("certificates", "profiles"): "both read one text in one way: profiles/sid_text.py",
    ("connection", "errors"): "the root of every error",
    ("connection", "wording"): "options by the names that people know",
    ("files", "errors"): "the root of every error",
    ("portal", "errors"): "the root of every error",
    ("sync_client", "client"): "the twin stands on the client",
    ("compliance", "backup"): "a backup is judged like a tenant",
    ("rollout", "strong_mapping"): "a ring is a part of the migration",
}
# Imports inside a function, or for types alone, that close a circle, and why they are left.
CIRCLES = {
    ("intune_scep.profiles.registry", "intune_scep.profiles.models.profile"): (
        "a row of the registry knows the model that is made of it, for types alone"
    ),
    ("intune_scep.profiles.registry", "intune_scep.profiles.models.concrete"): (
        "and makes it when it is first asked for: models are slow to make"
    ),
    ("intune_scep.rules.model", "intune_scep.rules.context"): (
        "a rule is a function of the context, which says what it needs in the words of rules"
    ),
    ("intune_scep.changes.steps.base", "intune_scep.changes.steps.writing"): (
        "a step as data names how it is written, for types alone"
    ),
    ("intune_scep.simulator.batch", "intune_scep.simulator.core"): (
        "a batch hands its items to the tenant that it came to"
    ),
}


def imports(path, *, lazy=True):
    """Modules that a file imports; without `lazy` only those it imports to be imported itself."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree) if lazy else _at_once(tree.body):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module, [alias.name for alias in node.names]
        elif isinstance(node, ast.Import):
            yield from ((alias.name, []) for alias in node.names)


def _at_once(body):
    for node in body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            yield from _at_once(node.orelse)
        elif isinstance(node, ast.If | ast.Try | ast.With):
            yield from _at_once(node.body)
        else:
            yield node


def rooms():
    for path in sorted(PACKAGE.rglob("*.py")):
        relative = path.relative_to(PACKAGE)
        if relative.parts[0] != "__init__.py":
            yield relative, relative.parts[0].removesuffix(".py")


def room_imports():
    for path, room in rooms():
        for module, _ in imports(PACKAGE / path):
            parts = module.split(".")
            if parts[0] == "intune_scep" and len(parts) > 1 and room != "simulator":
                yield path, room, parts[1]


def test_every_room_has_a_floor():
    assert {room for _, room in rooms()} - {"simulator"} <= set(FLOORS)


def test_imports_go_down_only():
    wrong = [
        f"{path} ({room}) imports {target}"
        for path, room, target in room_imports()
        if target not in {"simulator", room}
        and (room, target) not in NEIGHBOURS
        and FLOORS[target] >= FLOORS[room]
    ]
    assert not wrong


def test_every_exception_is_needed():
    used = {(room, target) for _, room, target in room_imports()}
    assert set(NEIGHBOURS) <= used


def test_no_import_is_relative():
    """The rules of this house look at absolute names."""
    relative = [
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert not relative


def test_no_import_goes_in_a_circle():
    """Modules that import each other cannot be understood, or moved, one by one."""
    graphlib.TopologicalSorter(module_imports(lazy=False)).prepare()


def test_no_import_inside_a_function_or_for_types_goes_in_a_circle():
    """One that is put off hides a circle and does not open it."""
    graph = module_imports(lazy=True)
    for importer, imported in CIRCLES:
        graph[importer].remove(imported)
    graphlib.TopologicalSorter(graph).prepare()


def module_imports(*, lazy):
    """Each module of the package with those it imports."""
    files = {
        ".".join(("intune_scep", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(
            ".__init__"
        ): path
        for path in PACKAGE.rglob("*.py")
    }
    graph = {}
    for name, path in files.items():
        targets = set()
        for module, names in imports(path, lazy=lazy):
            inner = [f"{module}.{item}" for item in names]
            found = [item for item in inner if item in files]
            targets |= set(found) if found else {module} & set(files)
        graph[name] = targets - {name}
    return graph


def test_the_simulator_stands_apart():
    knows, leaks = set(), []
    for path, room in rooms():
        for module, _ in imports(PACKAGE / path):
            if room == "simulator" and module.startswith("intune_scep."):
                if not module.startswith("intune_scep.simulator"):
                    leaks.append(f"{path} imports {module}")
            elif module.startswith("intune_scep.simulator"):
                knows.add(path.as_posix())
    assert not leaks
    assert knows <= MAY_KNOW_THE_SIMULATOR


def test_pure_rooms_do_no_input_or_output():
    forbidden = {"httpx", "socket", "urllib", "requests", "subprocess", "sqlite3"}
    wrong = [
        f"{path} imports {module}"
        for path, room in rooms()
        if room in {"profiles", "rules"}
        for module, _ in imports(PACKAGE / path)
        if module.split(".")[0] in forbidden - {"urllib"}
    ]
    assert not wrong


def test_the_synchronous_client_is_up_to_date():
    script = PACKAGE.parents[1] / "dev" / "generate_sync_client.py"
    subprocess.run([sys.executable, str(script), "--check"], check=True, timeout=60)
