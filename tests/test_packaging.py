"""What is shipped: wheel and sdist, the lock, licences of what is installed unasked, recipes that agree."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
RUN_LOCK = (ROOT / "requirements" / "run.txt").read_text()
LOCKED = sorted(set(re.findall(r"^([a-z0-9_.-]+)==", RUN_LOCK, re.MULTILINE)))
#: Licences that ask for no more than a notice (MPL: for changes of its own files).
PERMISSIVE = re.compile(
    r"\b(BSD|MIT|Apache|PSF|Python Software Foundation|ISC|Zlib|MPL|Mozilla|CC0|0BSD|HPND|Unlicense)", re.I
)
#: Distributions that name no licence in their metadata, looked up by hand.
BY_HAND = {"kiwisolver": "BSD-3-Clause"}


def licence(name: str) -> str:
    """Return what a distribution says of its licence: its expression, its classifiers, or the head of its text."""
    own = metadata.metadata(name)
    classifiers = [one for one in own.get_all("Classifier") or [] if one.startswith("License ::")]
    return (
        own.get("License-Expression")
        or "; ".join(classifiers)
        or (own.get("License") or "")[:200]
        or BY_HAND.get(name, "")
    )


@pytest.mark.parametrize("name", LOCKED)
def test_what_is_installed_unasked_has_a_permissive_licence(name):
    try:
        said = licence(name)
    except metadata.PackageNotFoundError:
        pytest.skip(f"{name} is not for this platform or Python")
    assert PERMISSIVE.search(said), f"{name}: {said!r}"
    assert not re.search(r"(?<!L)GPL|General Public", said) or " OR " in said, f"{name}: {said!r}"


def test_the_lock_of_users_pins_every_dependency_and_names_no_index():
    assert {re.split(r"[<>=\[]", one)[0].lower() for one in PROJECT["dependencies"]} <= set(LOCKED)
    assert not re.search(r"https?://|--index|--find-links", RUN_LOCK)
    pins = set(re.findall(r"^[a-z0-9_.-]+==[^ \\]+", RUN_LOCK, re.MULTILINE))
    tested = set(re.findall(r"^[a-z0-9_.-]+==[^ \\]+", (ROOT / "requirements" / "dev.txt").read_text(), re.MULTILINE))
    assert pins <= tested, "users would get versions that no test has seen: run `make lock`"


def test_optional_gpl_is_in_no_lock():
    for lock in (ROOT / "requirements").glob("*.txt"):
        assert not re.search(r"^(pyrodigal|cobra|swiglpk)==", lock.read_text(), re.MULTILINE), lock.name


def test_the_conda_recipe_asks_for_what_the_project_asks_for():
    recipe = (ROOT / "packaging" / "conda" / "recipe.yaml").read_text()
    listed = re.findall(r"^    - (.+)$", recipe.split("  run:\n")[1].split("\n\n")[0], re.MULTILINE)
    own = {re.sub(r"(?<=[a-z0-9])(?=[<>=])", " ", one.lower(), count=1) for one in PROJECT["dependencies"]}
    assert set(listed) - {f"python {PROJECT['requires-python']}"} == own


@pytest.mark.parametrize("file", ["CITATION.cff", "packaging/conda/recipe.yaml"])
def test_the_version_is_the_same_everywhere(file):
    assert re.search(rf"^ *version: {re.escape(PROJECT['version'])}$", (ROOT / file).read_text(), re.MULTILINE)


def test_the_container_copies_what_exists():
    for words in re.findall(r"^COPY (?!--)(.+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE):
        assert all((ROOT / name).exists() for name in words.split()[:-1])


def test_wheel_and_sdist_build_and_hold_what_the_package_reads(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-800:] + done.stderr[-800:]
    (wheel,), (sdist,) = tmp_path.glob("*.whl"), tmp_path.glob("*.tar.gz")
    shipped = set(zipfile.ZipFile(wheel).namelist())
    sources = {path.relative_to(ROOT / "src").as_posix() for path in (ROOT / "src").rglob("*") if path.is_file()}
    sources = {name for name in sources if "__pycache__" not in name and ".egg-info" not in name}
    assert {name for name in shipped if name.startswith("commensal/")} == sources
    assert wheel.stat().st_size < 5e6
    with tarfile.open(sdist) as archive:
        held = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    assert {"LICENSE", "README.md", "pyproject.toml", "src/commensal/__init__.py"} <= held


def test_importing_the_package_imports_nothing_heavy():
    code = "import json, sys, commensal.cli.app; print(json.dumps(sorted({m.split('.')[0] for m in sys.modules})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"numpy", "pandas", "scipy", "altair", "pyarrow", "skbio", "anndata", "dask", "rich", "h5py"}
    assert not heavy & set(json.loads(done.stdout))
