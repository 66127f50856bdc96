"""What the readers' tests share: a table written and read in one line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from commensal import io
from commensal.study.declared import Assay, Features
from commensal.study.loaded import AssayTable

Read = Callable[..., AssayTable]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Write contents (text or bytes) to a file and read it as an assay; keywords go to the declaration."""

    def reader(
        contents: str | bytes | None,
        ids: Sequence[str] = ("S1", "S2"),
        *,
        name: str = "t.tsv",
        kind: Any = "taxa",
        value: Any = "intensity",
        features: Features | None = None,
        **declared: Any,
    ) -> AssayTable:
        if contents is not None:
            (tmp_path / name).write_bytes(contents.encode() if isinstance(contents, str) else contents)
        assay = Assay("a", kind, file=name, value=value, features=features or Features(), **declared)
        return io.read_assay(assay, tmp_path, ids)

    return reader
