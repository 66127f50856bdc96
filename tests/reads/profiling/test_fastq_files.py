"""FASTQ files as they come, good and bad."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma

import pytest

from commensal.errors import FormatError, UsageError

pytest.importorskip("dnaio")

from commensal.reads.fastq import BATCH, Fastq

READS = [b"ACGTTGCA" * 10 + b"ACGT"[i % 4 : i % 4 + 1] for i in range(6 * BATCH + 7)]


def text(reads=READS, mate=1, quality=b"F"):
    return b"".join(b"@r:%d %d:N:0\n%s\n+\n%s\n" % (i, mate, read, quality * len(read)) for i, read in enumerate(reads))


@pytest.fixture
def file(tmp_path):
    def written(name, content):
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    return written


def whole(source):
    first, second = [], []
    for batch in source.batches():
        first += batch.first
        second += batch.second or []
        assert len(batch.first) == len(batch.first_quality)
    return first, second


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress], ids=["plain", "gz", "bz2", "xz"])
def test_compression_is_known_by_the_first_bytes_and_files_by_their_hash(file, pack):
    path = file("reads.txt", pack(text()))
    source = Fastq(path)
    first, _ = whole(source)
    assert first == [read.decode() for read in READS]
    assert source.layout == "single"
    assert source.inputs() == [
        {"file": "reads.txt", "bytes": path.stat().st_size, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    ]


def test_windows_line_ends_and_blank_lines_at_the_end(file):
    first, _ = whole(Fastq(file("a.fastq", text().replace(b"\n", b"\r\n"))))
    assert first == [read.decode() for read in READS]
    assert len(whole(Fastq(file("b.fastq", text(READS[:9]) + b"\n")))[0]) == 9


def test_two_files_and_an_interleaved_one_hold_the_same_pairs(file):
    mates = [read[::-1] for read in READS]
    one, two = file("a_1.fastq", text()), file("a_2.fastq", text(mates, 2))
    paired = whole(Fastq(one, two))
    records = [text([a]).replace(b"@r:0", b"@r:%d" % i) + text([b], 2).replace(b"@r:0", b"@r:%d" % i)
               for i, (a, b) in enumerate(zip(READS, mates, strict=True))]  # fmt: skip
    together = Fastq(file("a.fastq", b"".join(records)))
    assert together.layout == "interleaved"
    assert whole(together) == paired
    without = [record if i % 5 else record[: len(record) // 2] for i, record in enumerate(records)]
    alone = Fastq(file("b.fastq", b"".join(without)))
    first, second = whole(alone)
    assert alone.orphans == second.count("") == len(READS[::5])
    assert first == paired[0]


def test_mates_in_another_order_are_named(file):
    lines = text(READS, 2).split(b"\n")
    lines[4 * 700], lines[4 * 701] = lines[4 * 701], lines[4 * 700]
    source = Fastq(file("a_1.fastq", text()), file("a_2.fastq", b"\n".join(lines)))
    with pytest.raises(FormatError, match=r"read 701.*another order"):
        whole(source)


@pytest.mark.parametrize(("many", "few"), [(600, 500), (BATCH, BATCH - 1), (2 * BATCH, BATCH)])
def test_mates_of_different_number(file, many, few):
    one, two = file("a_1.fastq", text(READS[:many])), file("a_2.fastq", text(READS[:few], 2))
    for pair in ((one, two), (two, one)):
        with pytest.raises(FormatError, match=f"ends after read {few}"):
            whole(Fastq(*pair))


def test_a_truncated_or_damaged_file_is_an_error_however_far_it_was_read(file):
    good = gzip.compress(text(), 1)
    with pytest.raises(FormatError, match="cut off"):
        whole(Fastq(file("a.fastq.gz", good[: len(good) // 2])))
    with pytest.raises(FormatError, match=r"a record is broken|damaged"):
        whole(Fastq(file("b.fastq", text()[:-90])))
    with pytest.raises(FormatError, match=r"a record is broken"):
        whole(Fastq(file("c.fastq", text(READS[:5]) + b"@x\nACGT\n+\nFFF\n")))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no reads"),
        (gzip.compress(b"", mtime=0), "no reads"),
        (b">a\nACGT\n", "FASTA"),
        (b"PK\x03\x04", "neither FASTQ"),
    ],
)
def test_what_is_no_fastq_is_refused_by_name(file, content, words):
    with pytest.raises(FormatError, match=words):
        Fastq(file("a.fastq", content))


def test_arguments_that_do_not_fit(file):
    path = file("a.fastq", text())
    with pytest.raises(FormatError, match="no file"):
        Fastq(path.with_name("b.fastq"))
    with pytest.raises(FormatError, match="same file"):
        Fastq(path, path)
    with pytest.raises(UsageError, match="layout"):
        Fastq(path, layout="paired")


@pytest.mark.parametrize(
    ("quality", "offset"), [(b"#", 33), (b"F", 33), (b"h", 64), (b"B", 33)], ids=["low", "high", "old", "either"]
)
def test_quality_offset(file, quality, offset):
    mixed = text(READS[:50], quality=quality) + text(READS[:50], quality=b"J" if offset == 33 else b"B")
    assert Fastq(file("a.fastq", mixed)).look.offset == offset
