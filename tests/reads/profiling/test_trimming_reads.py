"""Trimming against slow twins, and what happens to mates."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commensal.errors import UsageError
from commensal.reads.fastq import Batch, Look
from commensal.reads.trimming import ADAPTERS, Trimmer, Trimming, keep_length


def bases(rng, size):
    return "".join(rng.choices("ACGT", k=size))


def look(first, second=(), **more):
    facts = {"layout": "paired" if second else "single", "offset": 33, "constant_quality": False}
    return Look(**{**facts, "mean_length": 100.0, "max_length": 100, **more}, first=tuple(first), second=tuple(second))


@given(st.text(alphabet="#,:F", max_size=60), st.integers(1, 30))
def test_quality_cut_is_bwa_rule(quality, threshold):
    def slow():
        best, keep = 0, len(quality)
        for at in range(len(quality)):
            tail = [threshold - (ord(letter) - 33) for letter in quality[at:]]
            partial = [sum(tail[i:]) for i in range(len(tail))]
            if min(partial) >= 0 and sum(tail) > best:
                best, keep = sum(tail), at
        # of equal sums the one nearest to the end counts
        for at in range(len(quality) - 1, -1, -1):
            tail = [threshold - (ord(letter) - 33) for letter in quality[at:]]
            if best and sum(tail) == best and min(sum(tail[i:]) for i in range(len(tail))) >= 0:
                return at
        return keep

    assert keep_length(quality, threshold + 33) == slow()


@pytest.mark.parametrize("kind", ADAPTERS)
def test_adapters_are_found_by_themselves_and_cut_where_the_insert_ends(kind):
    rng = random.Random(kind)
    first, second, inserts = [], [], []
    for _ in range(400):
        insert = rng.choice([60, 80, 95, 99, 130])
        text = bases(rng, insert)
        mates = [text, text[::-1]]
        reads = [(mate + adapter + bases(rng, 100))[:100] for mate, adapter in zip(mates, ADAPTERS[kind], strict=True)]
        first.append(reads[0])
        second.append(reads[1])
        inserts.append(insert)
    trimmer = Trimmer(Trimming(), look(first, second))
    assert list(trimmer.counts.found) == [kind]
    done = trimmer(Batch(list(first), ["F" * 100] * 400, list(second), ["F" * 100] * 400))
    for reads in (done.first, done.second):
        for read, insert in zip(reads, inserts, strict=True):
            # an overlap of fewer than 5 bases with the end is left: it cannot make a k-mer that matches
            assert len(read) == insert if insert <= 95 else len(read) in {insert, 100, 95, 94, 93}
    # an adapter with an error in its first bases is found by the next ones
    spoiled = bases(rng, 50) + "TTT" + ADAPTERS[kind][0][3:]
    assert len(trimmer(Batch([spoiled], ["F" * len(spoiled)])).first[0]) == 50


def test_reads_without_adapters_are_left_alone():
    rng = random.Random(1)
    reads = [bases(rng, 100) for _ in range(3000)]
    trimmer = Trimmer(Trimming(), look(reads))
    assert not trimmer.counts.found
    assert trimmer(Batch(list(reads), ["F" * 100] * 3000)).first == reads
    counts = trimmer.counts
    assert (counts.reads, counts.bases, counts.reads_kept, counts.bases_kept) == (3000, 300_000, 3000, 300_000)


def test_ends_mates_and_counts():
    good, low = "ACGTA" * 20, "F" * 100
    one = [good, good[:30], good, good[:20], good[:60] + "G" * 40]
    two = [good, good, good, good[:10], good]
    quality = [low, "F" * 30, "F" * 70 + "#" * 30, "F" * 20, low]
    trimmer = Trimmer(Trimming(), look([one[4]] * 2, two))
    done = trimmer(Batch(one, quality, two, [low, low, low, "F" * 10, low]))
    # the second pair's long mate goes on alone, the fourth pair is gone, the poly-G tail and the low end are cut
    assert [len(read) for read in done.first] == [100, 100, 70, 60]
    assert [len(read) for read in done.second] == [100, 0, 100, 100]
    counts = trimmer.counts
    assert (counts.reads, counts.reads_kept, counts.too_short, counts.quality, counts.poly_g) == (10, 7, 3, 1, 1)
    assert counts.bases_kept == 100 + 100 + 70 + 60 + 300
    assert counts.bases == 100 + 30 + 100 + 20 + 100 + 410


def test_offset_64_and_constant_qualities():
    reads = ["ACGTA" * 20]
    old = Trimmer(Trimming(), look(reads, offset=64))
    assert len(old(Batch(list(reads), ["h" * 80 + "B" * 20])).first[0]) == 80
    constant = Trimmer(Trimming(), look(reads, constant_quality=True))
    assert len(constant(Batch(list(reads), ["#" * 100])).first[0]) == 100
    long = Trimmer(Trimming(), look(reads, mean_length=5000.0))
    assert len(long(Batch(list(reads), ["F" * 50 + "#" * 50])).first[0]) == 100


def test_an_adapter_must_be_usable():
    with pytest.raises(UsageError, match="not usable"):
        Trimming(adapters=("ACGTX",))
