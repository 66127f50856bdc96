"""Nothing that runs code out of data stands in the source: no pickle, no eval, no YAML tags, no numpy objects."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = sorted((Path(__file__).parents[1] / "src").rglob("*.py"))
MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "yaml", "ruamel", "torch", "code"}
CALLS = {
    "eval", "exec", "compile", "__import__", "read_pickle", "to_pickle", "read_xml", "unsafe_load", "full_load",
    "register_extension_type", "system", "popen",
}  # fmt: skip
#: Calls whose name is harmless on these owners.
HARMLESS = {("re", "compile"), ("platform", "system")}

#: Modules that hand work to processes of the same run: pickles in memory between these, never out of a file or table.
BETWEEN_OWN_PROCESSES = {("execution", "frames.py"): ["pickle"]}


def strange(tree: ast.AST) -> list[str]:
    """Name what must not stand in a module."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [one.name for one in node.names if one.name.split(".")[0] in MODULES]
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in MODULES:
            found.append(node.module)
        elif isinstance(node, ast.Call):
            attribute = isinstance(node.func, ast.Attribute)
            name = node.func.attr if attribute else getattr(node.func, "id", "")
            owner = getattr(node.func.value, "id", "") if attribute else ""
            if name in CALLS and (owner, name) not in HARMLESS and not (attribute and name in {"eval", "compile"}):
                found.append(f"{owner}.{name}")
            if name == "load" and owner in {"np", "numpy"}:
                found.append("numpy.load")
            found += [
                f"{name}({k.arg}=True)"
                for k in node.keywords
                if k.arg in {"allow_pickle", "shell"} and getattr(k.value, "value", True) is not False
            ]
    return found


@pytest.mark.parametrize("path", SOURCE, ids=lambda path: path.name)
def test_no_code_from_data(path):
    allowed = BETWEEN_OWN_PROCESSES.get((path.parent.name, path.name), [])
    assert strange(ast.parse(path.read_text(encoding="utf-8"))) == allowed


def test_what_comes_out_of_files_never_reaches_the_frames_of_processes():
    users = [path for path in SOURCE if "execution.frames" in path.read_text(encoding="utf-8")]
    assert {path.name for path in users} <= {"local.py", "worker.py", "cluster.py"}


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "from yaml import load",
        "eval('1')",
        "np.load(f, allow_pickle=True)",
        "pd.read_pickle(f)",
        "os.system('x')",
        "run('x', shell=True)",
    ],
)
def test_the_scan_finds_them(text):
    assert strange(ast.parse(text))
