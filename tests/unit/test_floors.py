"""The house: a room imports only from floors below, and nobody knows the simulator."""

import ast
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "python" / "intune_scep"
FLOORS = {
    "errors": 0,
    "version": 0,
    "connection": 0,
    "portal": 0,
    "files": 0,
    "records": 0,
    "result_fields": 0,
    "texts": 0,
    "yaml_text": 0,
    "certificates": 1,
    "profiles": 1,
    "graph": 2,
    "rules": 2,
    "declarations": 2,
    "tenant": 3,
    "changes": 4,
    "strong_mapping": 5,
    "desired_state": 5,
    "backup": 5,
    "compliance": 5,
    "reports": 6,
    "client": 6,
    "sync_client": 6,
    "cli": 7,
}
MAY_KNOW_THE_SIMULATOR = {"graph/connect.py", "cli/app.py"}


def imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def rooms():
    for path in sorted(PACKAGE.rglob("*.py")):
        relative = path.relative_to(PACKAGE)
        if relative.parts[0] != "__init__.py":
            yield relative, relative.parts[0].removesuffix(".py")


def test_every_room_has_a_floor():
    assert {room for _, room in rooms()} - {"simulator"} <= set(FLOORS)


def test_imports_go_down_only():
    wrong = []
    for path, room in rooms():
        for module in imports(PACKAGE / path):
            parts = module.split(".")
            if parts[0] != "intune_scep" or len(parts) < 2 or room == "simulator":
                continue
            target = parts[1]
            if target == "simulator" or target == room:
                continue
            if FLOORS[target] > FLOORS[room]:
                wrong.append(f"{path} imports {module}")
    assert not wrong


def test_the_simulator_stands_apart():
    knows, leaks = set(), []
    for path, room in rooms():
        for module in imports(PACKAGE / path):
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
        for module in imports(PACKAGE / path)
        if module.split(".")[0] in forbidden - {"urllib"}
    ]
    assert not wrong


def test_the_synchronous_client_is_up_to_date():
    script = PACKAGE.parents[1] / "dev" / "generate_sync_client.py"
    subprocess.run([sys.executable, str(script), "--check"], check=True, timeout=60)
