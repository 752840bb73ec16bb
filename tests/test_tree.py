"""The rooms of crfseg/: which may import which, no circle, and limits on size."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "crfseg"
#: Each room and the rooms it may import, from the ground up. docs/architecture.md has the same.
ROOMS: dict[str, set[str]] = {
    "common": set(),
    "text": set(),
    "jit": {"common"},
    "corpus": {"common", "text"},
    "features": {"common", "text", "jit", "corpus"},
    "metrics": {"common", "corpus"},
    "crf": {"common", "text", "jit", "corpus", "features"},
    "model": {"common", "text", "jit", "corpus", "features"},
}
ROOMS["tagging"] = {*ROOMS["model"], "model", "crf"}
ROOMS["segmentation"] = {*ROOMS["tagging"], "tagging"}
ROOMS["training"] = {*ROOMS["segmentation"], "segmentation", "metrics"}
ROOMS["evaluation"] = {*ROOMS["training"], "training"}
#: The face: public paths that stand directly in crfseg/.
FACE = {"__init__", "__main__", "sklearn"}
#: scikit-learn wants every parameter of an estimator in its constructor.
MANY_PARAMETERS = {"sklearn.CRF.__init__"}

FILES = sorted(ROOT.rglob("*.py"))


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def imports_of(path: Path) -> Iterator[str]:
    """The modules and names below crfseg that a file imports, those inside functions included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "crfseg":
            for name in node.names:
                yield ".".join([*(node.module or "").split(".")[1:], name.name])
        elif isinstance(node, ast.Import):
            for name in node.names:
                if name.name.startswith("crfseg."):
                    yield name.name.removeprefix("crfseg.")


def room_of(name: str) -> str | None:
    """The room of a module or a name in it; None for the face."""
    return name.split(".")[0] if name.split(".")[0] in ROOMS else None


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_a_room_imports_only_rooms_below_it(path: Path) -> None:
    room = room_of(module_of(path))
    if room is None:
        assert module_of(path) in FACE, f"{path.name} stands outside of a room"
        return
    for name in imports_of(path):
        other = room_of(name)
        assert (other or name) in ROOMS[room] | {room}, (
            f"crfseg.{room} may not import crfseg.{name}"
        )


def test_few_files_stand_outside_of_rooms() -> None:
    assert len(list(ROOT.glob("*.py"))) <= 4
    assert {p.name for p in ROOT.iterdir() if p.is_dir() and p.name != "__pycache__"} == set(ROOMS)
    assert len(ROOMS) <= 16


def test_no_circle_of_modules() -> None:
    modules = {module_of(path) for path in FILES}
    arrows: dict[str, set[str]] = {}
    for path in FILES:
        if module_of(path) == "__init__":  # public names, imported when they are asked for
            continue
        arrows[module_of(path)] = {
            target
            for name in imports_of(path)
            for target in (name, name.rpartition(".")[0])
            if target in modules and target != module_of(path)
        }
    left = set(arrows)
    while free := {m for m in left if not arrows[m] & left}:
        left -= free
    assert not left, f"modules that import each other: {sorted(left)}"


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_files_and_functions_are_short(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert source.count("\n") <= 350, "a file has at most 350 lines"
    for name, function in functions_of(ast.parse(source), module_of(path)):
        lines = (function.end_lineno or 0) - function.lineno + 1
        assert lines <= 60, f"{name} has {lines} lines; at most 60"
        a = function.args
        count = len([x for x in (*a.posonlyargs, *a.args, *a.kwonlyargs) if x.arg != "self"])
        if name not in MANY_PARAMETERS:
            assert count <= 10, f"{name} has {count} parameters; at most 10"


def functions_of(
    node: ast.AST, name: str
) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for child in ast.iter_child_nodes(node):
        inner = (
            f"{name}.{child.name}" if isinstance(child, ast.FunctionDef | ast.ClassDef) else name
        )
        if isinstance(child, ast.FunctionDef):
            yield inner, child
        yield from functions_of(child, inner)


def test_every_room_says_what_it_owns_and_may_import() -> None:
    for room, allowed in ROOMS.items():
        text = ast.get_docstring(ast.parse((ROOT / room / "__init__.py").read_text("utf-8"))) or ""
        assert 2 <= len(text.splitlines()) <= 5
        assert "mport" in text
        if 0 < len(allowed) < 6:
            assert all(name in text for name in allowed)
