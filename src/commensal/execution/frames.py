"""Messages between a crew and its own worker processes: pickled objects in memory, each after its length."""

from __future__ import annotations

import pickle
import struct
from typing import IO, Any

_LENGTH = struct.Struct("!Q")


def packed(thing: object) -> bytes:
    """Return an object as the bytes that travel; they go to processes that we started, never to a file."""
    return pickle.dumps(thing, protocol=pickle.HIGHEST_PROTOCOL)


def unpacked(data: bytes) -> Any:
    """Return the object that `packed` made bytes of.

    Examples
    --------
    >>> unpacked(packed({"a": 1}))
    {'a': 1}
    """
    return pickle.loads(data)  # noqa: S301  from a process that we started, through its own pipe


def send(pipe: IO[bytes], data: bytes) -> None:
    """Write one message."""
    pipe.write(_LENGTH.pack(len(data)))
    pipe.write(data)
    pipe.flush()


def receive(pipe: IO[bytes]) -> bytes | None:
    """Read one message; None when the other side is gone, also in mid-message.

    Examples
    --------
    >>> from io import BytesIO
    >>> pipe = BytesIO()
    >>> send(pipe, b"abc")
    >>> _ = pipe.seek(0)
    >>> receive(pipe), receive(pipe)
    (b'abc', None)
    """
    head = _exactly(pipe, _LENGTH.size)
    return None if head is None else _exactly(pipe, _LENGTH.unpack(head)[0])


def _exactly(pipe: IO[bytes], n: int) -> bytes | None:
    data = pipe.read(n)
    return data if len(data) == n else None
