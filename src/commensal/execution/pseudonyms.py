"""Pseudonyms of people under a key, and the place beside a private run's folder that is not passed on."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from pathlib import Path

from commensal.errors import OutputError
from commensal.execution.crate import CRATE
from commensal.execution.files import unwritable
from commensal.execution.lock import KEPT

#: What the name of a private run's own place ends with.
OWN = ".private"
_KEY = "key"
_KEY_BYTES = 32
#: Letters of a pseudonym after its kind: 48 bits, so that two among a million people meet in one study of 600.
_LETTERS = 12
#: What a run writes into its folder: whatever of it is there is an earlier run's.
_WRITTEN = (
    KEPT, CRATE, "report.html", "estimates.parquet", "points.parquet", "claims.parquet", "checklists.tsv",
    "findings.json", "run.jsonl", "study-as-run.toml", "figures", "profiles",
)  # fmt: skip


def own_place(folder: Path) -> Path:
    """Return the folder beside a private run's folder that holds its key, its profiles and what it keeps.

    Examples
    --------
    >>> own_place(Path("/studies/out")).as_posix()
    '/studies/out.private'
    """
    at = folder.resolve()
    return at.with_name(at.name + OWN)


def is_private(folder: Path) -> bool:
    """Whether a private run wrote, or began to write, this folder: by the key beside it, or by its crate."""
    if (own_place(folder) / _KEY).is_file():
        return True
    try:
        graph = json.loads((folder / CRATE).read_bytes())["@graph"]
        return any(one.get("@id") == "#option/private" and one.get("value") == "true" for one in graph)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def require_apart(folder: Path, *, private: bool) -> None:
    """Refuse to put a private run beside what an ordinary one left, and the reverse.

    Raises
    ------
    OutputError
        The folder holds results of the other way.
    """
    there = [name for name in _WRITTEN if (folder / name).exists()]
    if private and (KEPT in there or (there and not is_private(folder))):
        raise OutputError(
            "this folder holds results of an ordinary run, which show single people",
            where=str(folder),
            found=", ".join(there),
            expected="an empty folder, or one that a private run wrote",
            mend="choose another folder with --out, or remove what is there",
        )
    if not private and is_private(folder):
        raise OutputError(
            "this folder is that of a private run; an ordinary one would put single people into it",
            where=str(folder),
            mend="add --private, or choose another folder with --out",
        )


def key_of(folder: Path) -> bytes:
    """Return the key of a private run's folder; one is drawn where there is none.

    It lies in `own_place`, which only its owner may open (0700), in a file that only its owner may read (0600).

    Raises
    ------
    OutputError
        The place cannot be made, or the key in it cannot be read.
    """
    place = own_place(folder)
    path = place / _KEY
    try:
        place.mkdir(mode=0o700, exist_ok=True)
        place.chmod(0o700)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            key = bytes.fromhex(path.read_text(encoding="ascii").strip())
        else:
            key = secrets.token_bytes(_KEY_BYTES)
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(key.hex() + "\n")
                file.flush()
                os.fsync(file.fileno())
    except OSError as error:
        raise unwritable(path, error) from error
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise OutputError(
            "the key of this private folder cannot be read",
            where=str(path),
            expected=f"{2 * _KEY_BYTES} letters 0–9 and a–f",
            mend="restore the file, or remove the folder and run anew: pseudonyms will be others",
        )
    return key


def pseudonym(key: bytes, kind: str, name: str) -> str:
    """Return the pseudonym of someone or something: HMAC-SHA256 (RFC 2104) of kind and name, cut to 48 bits.

    The same under the same key; without the key neither the name nor the order of names can be told from it.

    Examples
    --------
    >>> pseudonym(b"k" * 32, "subject", "P1") == pseudonym(b"k" * 32, "subject", "P1")
    True
    >>> pseudonym(b"k" * 32, "subject", "P1") == pseudonym(b"l" * 32, "subject", "P1")
    False
    """
    return f"{kind}-{keyed(key, kind + chr(0) + name)[:_LETTERS]}"


def keyed(key: bytes, text: str) -> str:
    """Return the HMAC-SHA256 of a text, in hexadecimal."""
    return hmac.new(key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
