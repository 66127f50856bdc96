"""From the bytes of a text file to clean UTF-8: compression, encodings, line ends, and what is no text at all."""

from __future__ import annotations

import gzip
import re
import zlib
from dataclasses import dataclass
from pathlib import Path

from commensal.errors import FormatError
from commensal.io.paths import require_file
from commensal.limits import gunzip, require_lines

#: First bytes → what such a file is, and what to do with it where text was expected.
_NOT_TEXT: dict[bytes, tuple[str, str]] = {
    b"PK\x03\x04": ("a zip archive (an Excel workbook is one)", "save the sheet as TSV or CSV"),
    b"\xd0\xcf\x11\xe0": ("an old Excel workbook", "save it as .xlsx, or the sheet as TSV"),
    b"\x89HDF": ("an HDF5 file", 'if it is BIOM, write format = "biom"'),
    b"PAR1": ("a Parquet file", 'write format = "parquet"'),
    b"BZh": ("compressed with bzip2", "compress with gzip, or not at all"),
    b"\xfd7zXZ": ("compressed with xz", "compress with gzip, or not at all"),
    b"(\xb5/\xfd": ("compressed with zstd", "compress with gzip, or not at all"),
    b"%PDF": ("a PDF", "give the table itself"),
}
_GZIP = b"\x1f\x8b"
_HEAD = 1 << 16


@dataclass(frozen=True, slots=True)
class Text:
    """The contents of a text file: UTF-8, no byte-order mark, lines end in a line feed."""

    file: str
    data: bytes
    encoding: str  #: what the file was in


def head(path: Path, size: int = _HEAD) -> bytes:
    """Return the first bytes of a file, decompressed if it is gzip; what can be read of a damaged one."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(size)
    except OSError as error:
        raise unreadable(path, error) from error
    if not raw.startswith(_GZIP):
        return raw
    try:
        return zlib.decompressobj(wbits=31).decompress(raw, size)
    except zlib.error:
        return b""


def head_text(path: Path) -> str:
    """Return the first characters of a file for sniffing; strange bytes are replaced, never refused."""
    raw = head(path)
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = raw[: len(raw) // 2 * 2].decode("utf-16", errors="replace")
    else:
        text = raw.decode("utf-8", errors="replace").removeprefix("\ufeff")
    return re.sub(r"\r+\n|\r", "\n", text)


def whole_file(path: Path) -> bytes:
    """Read the bytes of a file as they are.

    Raises
    ------
    TableError
        No such file, or it cannot be read.
    """
    require_file(path)
    try:
        return path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: OSError) -> FormatError:
    """Build the error of a file that is there and cannot be read."""
    return FormatError(
        "the file cannot be read", where=path.name, found=error.strerror or error,
        expected="an ordinary file that you may read", mend="check its permissions, or copy it again",
    )  # fmt: skip


def load_bytes(path: Path) -> bytes:
    """Read a whole file, decompressing gzip.

    Raises
    ------
    TableError
        No such file.
    FormatError
        An empty file, or damaged gzip.
    """
    raw = whole_file(path)
    if raw.startswith(_GZIP):
        try:
            raw = gunzip(raw, path.name)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise FormatError(
                "the gzip file is damaged or cut short",
                where=path.name,
                found=str(error),
                expected="a complete gzip file",
                mend="copy or download it again",
            ) from error
    if not raw.strip():
        raise FormatError("the file is empty", where=path.name, found="0 bytes of text", mend="give the table itself")
    return raw


def load_text(path: Path) -> Text:
    r"""Read a whole text file as UTF-8.

    UTF-8 and UTF-16 with a byte-order mark are taken by the mark. Without one the file is UTF-8 if it decodes as such;
    otherwise Windows-1252 (a superset of Latin-1's letters), which `Text.encoding` then says.

    Raises
    ------
    TableError
        No such file.
    FormatError
        Empty, damaged, not text, a NUL byte (with its line), or bytes that are no letters in Windows-1252 either.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     place = Path(folder, "t.tsv")
    ...     _ = place.write_bytes("id\tAndré\r\n".encode("cp1252"))
    ...     load_text(place)
    Text(file='t.tsv', data=b'id\tAndr\xc3\xa9\n', encoding='cp1252')
    """
    return text_of(load_bytes(path), path.name)


def text_of(raw: bytes, file: str) -> Text:
    """Turn the bytes of a file, or of a member of an archive, into clean text; see `load_text`."""
    for magic, (kind, mend) in _NOT_TEXT.items():
        if raw.startswith(magic):
            raise FormatError(f"the file is {kind}, not text", where=file, expected="TSV or CSV", mend=mend)
    data, encoding = _utf8(raw, file)
    if b"\x00" in data:
        line = data.count(b"\n", 0, data.index(b"\x00")) + 1
        raise FormatError(
            "the file holds a NUL byte",
            where=f"{file}, line {line}",
            found="binary data, a damaged file, or UTF-16 without its byte-order mark",
            expected="text in UTF-8",
            mend="save it again as UTF-8",
        )
    data = line_feeds(data)
    require_lines(data, file)
    return Text(file, data, encoding)


def line_feeds(data: bytes) -> bytes:
    r"""Turn every line end (CRLF, CR, and CRCRLF of files converted twice) into a line feed.

    Examples
    --------
    >>> line_feeds(b"a\r\nb\rc\r\r\nd\n")
    b'a\nb\nc\nd\n'
    """
    return re.sub(rb"\r+\n|\r", b"\n", data) if b"\r" in data else data


def _utf8(raw: bytes, file: str) -> tuple[bytes, str]:
    if raw.startswith(b"\xef\xbb\xbf"):
        raw = raw[3:]
    encodings = ["utf-16"] if raw.startswith((b"\xff\xfe", b"\xfe\xff")) else ["utf-8", "cp1252"]
    first: UnicodeDecodeError | None = None
    for encoding in encodings:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError as error:
            first = first or error
            continue
        return (raw if encoding == "utf-8" else text.encode()), encoding
    assert first is not None
    line = raw.count(b"\n", 0, first.start) + 1
    raise FormatError(
        f"the text is in none of the known encodings ({', '.join(encodings)})",
        where=f"{file}, line {line}",
        found=f"byte {raw[first.start : first.start + 1]!r}",
        expected="UTF-8",
        mend="save it again as UTF-8",
    ) from first
