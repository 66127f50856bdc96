"""Results that are kept for the next run, each under the hash of everything it was made from."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from commensal.execution.files import unwritable, write_whole

#: First line of an entry; a change to what an entry holds changes the number, and older ones are not read.
MAGIC = b"commensal kept 1\n"
#: What no run in so many has used is removed.
RUNS = 5
_USED = "used.json"


@dataclass(frozen=True, slots=True)
class Entry:
    """One kept result."""

    about: Mapping[str, Any]  #: what it is, in plain words and hashes
    parts: Mapping[str, bytes]


@dataclass(slots=True)
class Store:
    """Entries in a folder, one file each, named by their key.

    An entry is written whole, with the hash of its contents in front: one that does not match, is cut short, or is of
    another format, is no entry. Nothing in it is code, and nothing is run when it is read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = Store(Path(folder))
    ...     store.put("00ff", {"step": "a"}, {"text": b"kept"})
    ...     store.get("00ff").parts["text"]
    b'kept'
    """

    folder: Path
    complain: Callable[[str], None] = field(default=lambda _key: None)  #: told the key of an entry that is damaged

    def path(self, key: str) -> Path:
        """Return where the entry of a key is, or would be."""
        return self.folder / f"{key}.entry"

    def put(self, key: str, about: Mapping[str, Any], parts: Mapping[str, bytes]) -> None:
        """Keep a result.

        Raises
        ------
        OutputError
            The folder cannot be written to, or is full.
        """
        head = {"key": key, "about": about, "parts": [[name, len(content)] for name, content in parts.items()]}
        body = json.dumps(head, ensure_ascii=True).encode() + b"\n" + b"".join(parts.values())
        summed = hashlib.sha256(body).hexdigest().encode()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(self.folder, error) from error
        write_whole(self.path(key), MAGIC + summed + b"\n" + body)

    def get(self, key: str) -> Entry | None:
        """Return a kept result, or None where there is none, or none that is whole."""
        path = self.path(key)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError:
            content = b""
        found = _opened(content, key)
        if found is None:
            self.complain(key)
            with contextlib.suppress(OSError):
                path.unlink()
        return found

    def latest(self, name: str, value: str) -> Mapping[str, Any] | None:
        """Return what is said of the newest entry whose ``about`` has this value under this name."""
        newest: tuple[int, Mapping[str, Any]] | None = None
        for path in self.folder.glob("*.entry"):
            about = _about(path)
            if about is not None and about.get(name) == value:
                with contextlib.suppress(OSError):
                    made = path.stat().st_mtime_ns
                    if newest is None or made > newest[0]:
                        newest = made, about
        return newest and newest[1]

    def used(self, keys: Iterable[str]) -> int:
        """Note which keys this run used, and remove what none of the last runs did; return how many are gone.

        Raises
        ------
        OutputError
            The folder cannot be written to.
        """
        if not self.folder.is_dir():
            return 0
        place = self.folder / _USED
        try:
            runs = json.loads(place.read_bytes())
            runs = [[str(key) for key in run] for run in runs]
        except (OSError, ValueError, TypeError):
            runs = []
        own = sorted(set(keys))
        runs = [own, *(run for run in runs if run != own)][:RUNS]
        write_whole(place, json.dumps(runs).encode())
        wanted = {key for run in runs for key in run}
        gone = 0
        for path in self.folder.glob("*.entry"):
            if path.stem not in wanted:
                with contextlib.suppress(OSError):
                    path.unlink()
                    gone += 1
        return gone


def _opened(content: bytes, key: str) -> Entry | None:
    """Return what an entry holds; None where it is not whole, or is another one's."""
    if not content.startswith(MAGIC):
        return None
    summed, _, body = content[len(MAGIC) :].partition(b"\n")
    if hashlib.sha256(body).hexdigest().encode() != summed:
        return None
    line, _, rest = body.partition(b"\n")
    head = json.loads(line)  # ours: its hash is right
    if head["key"] != key:
        return None
    parts, at = {}, 0
    for name, size in head["parts"]:
        parts[name] = rest[at : at + size]
        at += size
    return Entry(head["about"], parts)


def _about(path: Path) -> Mapping[str, Any] | None:
    """Return what an entry says of itself, its first lines alone."""
    try:
        with path.open("rb") as handle:
            if handle.readline(len(MAGIC) + 1) != MAGIC:
                return None
            handle.readline()
            head = json.loads(handle.readline())
        about = head["about"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return about if isinstance(about, dict) else None
