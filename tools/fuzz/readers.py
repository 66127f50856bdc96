"""Coverage-guided fuzzing of the readers, where atheris installs (it is not in the lock).

``pip install atheris && python tools/fuzz/readers.py [READER] [libFuzzer's options]``; readers: table, sets, study,
tree, genome, taxonomy, annotations. Every exception that is no CommensalError is a fault: libFuzzer keeps the input.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

try:
    import atheris
except ImportError:
    sys.exit("skipped: atheris is not installed (pip install atheris; it has wheels for few systems)")

with atheris.instrument_imports(include=["commensal"]):
    from commensal import io
    from commensal.errors import CommensalError
    from commensal.io.newick import check_tree
    from commensal.reads.annotation_files import read_annotations
    from commensal.reads.reference_fasta import read_genome
    from commensal.reads.reference_taxonomy import read_taxonomy
    from commensal.study.reading import read_study

READERS: dict[str, Callable[[Path], Any]] = {
    "table": io.read_table,
    "sets": io.read_sets,
    "study": read_study,
    "tree": lambda path: check_tree(path.read_text(encoding="utf-8", errors="replace"), path.name),
    "genome": read_genome,
    "taxonomy": read_taxonomy,
    "annotations": read_annotations,
}


def main() -> None:
    """Fuzz one reader until stopped."""
    name = sys.argv.pop(1) if len(sys.argv) > 1 and sys.argv[1] in READERS else "table"
    place = Path(tempfile.mkdtemp()) / "input.tsv"

    def one(data: bytes) -> None:
        place.write_bytes(data)
        with contextlib.suppress(CommensalError):
            READERS[name](place)

    atheris.Setup(sys.argv, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
