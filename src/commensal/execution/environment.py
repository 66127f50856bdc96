"""What a run ran with: versions of Python and of the libraries whose numbers it uses."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version

_USED = ("commensal", "numpy", "scipy", "pandas", "pyarrow", "scikit-bio", "altair", "vl-convert-python")


def versions(names: Iterable[str] = _USED) -> dict[str, str]:
    """Return the versions of the packages that results depend on.

    Examples
    --------
    >>> "numpy" in versions()
    True
    """
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def python() -> str:
    """Return Python's version and the platform, without the machine's name."""
    return f"{platform.python_implementation()} {platform.python_version()} on {platform.system()} {platform.machine()}"


def numerics() -> dict[str, str]:
    """Return what numbers depend on to the last bit: versions of Python and of the libraries that compute.

    Examples
    --------
    >>> sorted(numerics())[:3]
    ['Python', 'commensal', 'lifelines']
    """
    found = {"Python": ".".join(platform.python_version_tuple()[:2])}
    for name in ("commensal", "numpy", "scipy", "pandas", "numba", "scikit-bio", "lifelines", "pydeseq2"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
