"""``profile``: one sample of reads against a reference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from commensal import execution
from commensal.filenames import can_name_a_file

if TYPE_CHECKING:
    from commensal.pipeline.run import Progress
    from commensal.reads.profile import Profile


def profile(
    r1: Path | str,
    r2: Path | str | None = None,
    *,
    reference: Path | str,
    out: Path | str,
    sample: str | None = None,
    mode: str = "fast",
    layout: str | None = None,
    host: Sequence[Path | str] = (),
    adapter: Sequence[str] = (),
    quality: int = 15,
    min_length: int = 40,
    seed: int = 1,
    fresh: bool = False,
    progress: Progress | None = None,
) -> Profile:
    """Profile one sample: species and strains, functions, and with ``mode="mapping"`` genes and growth.

    A finished profile of the same reads, reference, settings and versions is taken up (``taken_up`` of what is
    returned); one that was killed is begun anew.

    Parameters
    ----------
    r1, r2
        FASTQ, plain or compressed; ``r2`` is None for single and interleaved reads.
    reference
        Folder that ``commensal reference build`` made.
    out
        Folder for the sample's folder.
    sample
        Name of the sample (default: of the file).
    mode
        ``"fast"`` or ``"mapping"``, as in `commensal.reads.profile.profile_sample`.
    layout
        ``"single"`` or ``"interleaved"`` for one file; None looks.
    host
        FASTA files or minimap2 indices of hosts, besides those of the reference.
    adapter
        Adapters besides Illumina's, Nextera's and BGI's, which are found by themselves.
    quality
        Ends below this quality (Phred) are cut; 0 leaves them.
    min_length
        Shorter reads are left out (bases).
    seed
        Seed of the bootstrap of growth.
    fresh
        Profile, whatever is there.
    progress
        Called with (bytes done, bytes in all, what is being done).

    Raises
    ------
    CommensalError
        The reads or the reference cannot be read, the folder cannot be written, or another process is profiling a
        sample of this name into it.

    Examples
    --------
    >>> from commensal import profile
    >>> profile("s1_R1.fastq.gz", "s1_R2.fastq.gz", reference="gut", out="profiles").taxa      # doctest: +SKIP
    """
    from commensal.reads.profile import asked, finished, profile_sample, sample_name
    from commensal.reads.trimming import Trimming

    name = sample_name(Path(r1)) if sample is None else sample
    trimming = Trimming(quality=quality, min_length=min_length, adapters=tuple(adapter))
    reads = [Path(one) for one in (r1, r2) if one is not None]
    with _alone(Path(out), name):
        if not fresh and can_name_a_file(name) and (Path(out) / name / "quality.json").is_file():
            settings = asked(mode, layout, trimming, host, seed)
            if (there := finished(Path(out) / name, reads, reference, settings)) is not None:
                return there
        return profile_sample(
            r1,
            r2,
            reference,
            out,
            sample=name,
            mode=mode,
            layout=layout,
            trimming=trimming,
            hosts=tuple(host),
            seed=seed,
            progress=progress,
        )


@contextmanager
def _alone(out: Path, name: str) -> Iterator[None]:
    """Hold a sample's folder, and tidy up after a process that was killed there; others may profile other samples."""
    if not can_name_a_file(name):  # `profile_sample` says so
        yield
        return
    folder = execution.folder(out / name)
    with execution.locked(folder):
        execution.sweep(folder)
        yield
