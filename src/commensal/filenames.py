"""Names from users that become names of files and folders: which may, on every system."""

from __future__ import annotations

#: Stems that Windows keeps for devices.
DEVICES = frozenset(
    {"con", "prn", "aux", "nul", *(f"{name}{number}" for name in ("com", "lpt") for number in range(1, 10))}
)
#: Bytes of a name: systems allow 255, and endings are added.
LONGEST = 200


def can_name_a_file(name: str) -> bool:
    r"""Say whether a name can name a file or folder: one step of a path, and the same on every system.

    Examples
    --------
    >>> [can_name_a_file(name) for name in ("S1", "mouse 3, day 40", "Ü", "../x", "a/b", "..", "CON", "nul.txt", "x\0")]
    [True, True, True, False, False, False, False, False, False]
    """
    return (
        bool(name)
        and name.isprintable()
        and not set(name) & set('/\\:*?"<>|')
        and not name.startswith(("~", " "))
        and not name.endswith((".", " "))
        and name.partition(".")[0].rstrip().lower() not in DEVICES
        and len(name.encode("utf-8", "surrogatepass")) <= LONGEST
    )


__all__ = ["DEVICES", "LONGEST", "can_name_a_file"]
