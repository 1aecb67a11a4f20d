"""Only `net` imports an HTTP library, and the contract of the linter says so for every other room."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import watcher

LIBRARIES = {"httpx", "httpcore", "aiohttp"}
PACKAGE = Path(watcher.__file__).parent


def test_the_contract_names_every_other_room_and_every_library() -> None:
    """The contract "Only net speaks HTTP" forbids the libraries in each room that the floor plan names, but net."""
    linter = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text())["tool"]["importlinter"]
    contract = next(each for each in linter["contracts"] if each["name"] == "Only net speaks HTTP")
    assert set(contract["forbidden_modules"]) >= LIBRARIES
    rooms = {f"watcher.{room.stem}" for room in PACKAGE.iterdir() if room.is_dir() and (room / "__init__.py").exists()}
    assert rooms - {"watcher.net"} <= set(contract["source_modules"])


def test_only_net_imports_them() -> None:
    """No file outside of net has an import of these libraries, at any depth."""
    importers = {file.relative_to(PACKAGE).parts[0] for file in PACKAGE.rglob("*.py") if LIBRARIES & imports(file)}
    assert importers == {"net"}


def imports(file: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names
