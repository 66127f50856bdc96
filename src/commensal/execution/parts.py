"""What is installed: the parts of commensal that need more than the minimal install, and the machine it runs on."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version


@dataclass(frozen=True, slots=True)
class Part:
    """One part of commensal and the packages that it needs.

    Parameters
    ----------
    name, does
        How it is called, and what one can do with it.
    packages
        Distribution → the module that is imported.
    install
        The command that brings it.
    optional
        Whether everything else works without it.
    """

    name: str
    does: str
    packages: tuple[tuple[str, str], ...]
    install: str
    optional: bool = True


@dataclass(frozen=True, slots=True)
class Package:
    """One package as it was found: its version, or what went wrong when it was imported."""

    name: str
    version: str | None
    fault: str | None

    @property
    def works(self) -> bool:
        """Whether it is there and can be imported."""
        return self.version is not None and self.fault is None


PARTS = (
    Part(
        "core", "studies, statistics, claims, the page",
        (("numpy", "numpy"), ("scipy", "scipy"), ("pandas", "pandas"), ("pyarrow", "pyarrow"), ("scikit-bio", "skbio"),
         ("lifelines", "lifelines"), ("pydeseq2", "pydeseq2"), ("h5py", "h5py"), ("openpyxl", "openpyxl"),
         ("mudata", "mudata"), ("altair", "altair"), ("vl-convert-python", "vl_convert"), ("jinja2", "jinja2")),
        "pip install --force-reinstall commensal", optional=False,
    ),
    Part(
        "reads", "profiles from FASTQ files: species, strains, functions",
        (("dnaio", "dnaio"), ("isal", "isal"), ("pysylph", "pysylph"), ("pyhmmer", "pyhmmer")),
        "pip install 'commensal[reads]'",
    ),
    Part(
        "mapping", "removal of the host's reads, mapping to genes (built from source: a C compiler and zlib's headers)",
        (("mappy", "mappy"),), "pip install 'commensal[mapping]'",
    ),
    Part("cluster", "the work of a run on other machines (run --cluster)",
         (("dask", "dask"), ("distributed", "distributed")), "pip install 'commensal[cluster]'"),
    Part("r", "objects saved by R (phyloseq .rds)", (("rdata", "rdata"),), "pip install 'commensal[r]'"),
    Part("gpl", "gene calls where a genome has none (GPL-3)", (("pyrodigal", "pyrodigal"),),
         "pip install 'commensal[gpl]'"),
    Part("models", "genome-scale metabolic models (SBML; GPL)", (("cobra", "cobra"),),
         "pip install 'commensal[models]'"),
)  # fmt: skip


def package(name: str, module: str) -> Package:
    """Look a package up and import it.

    Examples
    --------
    >>> package("numpy", "numpy").works, package("no-such-thing", "no_such_thing").version
    (True, None)
    """
    try:
        found = version(name)
    except PackageNotFoundError:
        return Package(name, None, None)
    try:
        import_module(module)
    except Exception as error:  # a package that is there and broken can raise anything when it is imported
        return Package(name, found, f"{type(error).__name__}: {error}".splitlines()[0])
    return Package(name, found, None)


def cores() -> int:
    """Return how many processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        return os.cpu_count() or 1


def memory() -> int | None:
    """Return the machine's memory in bytes, the smaller of it and of the control group's limit; None if not known."""
    try:
        have = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None
    for name in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            with open(name, encoding="ascii") as handle:  # noqa: PTH123 - no path of a user's
                limit = handle.read().strip()
        except OSError:
            continue
        if limit.isdigit():
            return min(have, int(limit))
    return have


def room(folder: str = ".") -> int:
    """Return the bytes that are free where a folder is."""
    return shutil.disk_usage(folder).free
