"""Libraries of the extras: imported late, and asked for by name when they are not there."""

from __future__ import annotations

import platform
from importlib import import_module, metadata
from typing import Any

from commensal.errors import CommensalError

#: The extra that brings a library, where it is not ``reads``.
_EXTRA = {"mappy": "mapping", "pyrodigal": "gpl", "cobra": "models"}


def needed(name: str) -> Any:
    """Import a library of an extra.

    Raises
    ------
    CommensalError
        It is not installed.

    Examples
    --------
    >>> needed("json").loads("1")
    1
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise CommensalError(
            f"reading {'genome-scale models' if name == 'cobra' else 'sequences'} needs {name}, which is not installed",
            found=error,
            mend=f"pip install 'commensal[{_EXTRA.get(name, 'reads')}]'",
        ) from error


def versions() -> dict[str, str]:
    """Return the versions of what profiles are made with.

    Examples
    --------
    >>> "python" in versions()
    True
    """
    found = {"python": platform.python_version()}
    for name in ("commensal", "pysylph", "dnaio", "isal", "mappy", "numpy"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
