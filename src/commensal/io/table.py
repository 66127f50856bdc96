"""Tables of people, animals, specimens, events and annotations, as they stand."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from commensal.errors import FormatError
from commensal.io.registry import FORMATS, choose
from commensal.limits import in_time


def read_table(path: Path, *, format: str | None = None) -> pd.DataFrame:
    r"""Read a table without interpreting it.

    Text gives strings exactly as in the file, the empty cell an empty string; Parquet gives its own types. ``attrs``
    has ``file`` (name), ``lines`` (the file's line of each row; row number for Parquet) and, for text, ``encoding``.

    Raises
    ------
    TableError
        No such file, or two columns of the same name.
    FormatError
        Empty or damaged, a header without rows, a row with another number of cells, or a file that holds no such table.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     place = Path(folder, "samples.csv")
    ...     _ = place.write_text("sample,age\nS1,041\nS2,\n")
    ...     frame = read_table(place)
    >>> frame.to_dict("list"), frame.attrs["file"], list(frame.attrs["lines"])
    ({'sample': ['S1', 'S2'], 'age': ['041', '']}, 'samples.csv', [2, 3])
    """
    form = choose(path, format)
    reader = FORMATS["wide"].read_table if form.name == "mothur" else form.read_table
    if reader is None:
        raise FormatError(
            f"{path.name} holds no table of metadata or annotations",
            found=form.description,
            expected=", ".join(f.name for f in FORMATS.values() if f.read_table is not None),
            mend="name the metadata's file; or say its format: format = ...",
        )
    with in_time(path.name, path.stat().st_size):
        return reader(path)
