"""How the modules hang together: imports point one way, also those inside functions and those for types only."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("sim", "experiments", "dashboards")


def modules() -> dict[str, Path]:
    found = {}
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            found[name.removesuffix(".__init__")] = path
    return found


def imported(path: Path, known: dict[str, Path]) -> set[str]:
    """Modules of ours that a file imports anywhere in it."""
    out: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            out |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{name.name}" for name in node.names}
            out |= (inner & known.keys()) or {node.module}
    return out & known.keys()


def test_no_modules_import_each_other_in_a_circle() -> None:
    known = modules()
    assert len(known) > 200
    graph = {name: imported(path, known) - {name} for name, path in known.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as e:
        pytest.fail(" -> ".join(reversed(e.args[1])))


def test_each_package_imports_only_what_stands_below_it() -> None:
    known = modules()
    for name, path in known.items():
        floor = PACKAGES.index(name.split(".")[0])
        above = {other for other in imported(path, known) if PACKAGES.index(other.split(".")[0]) > floor}
        assert above == set(), name


def test_the_model_knows_neither_hydra_nor_the_dashboard_s_libraries() -> None:
    outside = {"hydra", "omegaconf", "dash", "plotly"}
    for path in (ROOT / "sim").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert outside.isdisjoint(name.split(".")[0] for name in names), path
