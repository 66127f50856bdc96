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
