"""``commensal profile``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from commensal.cli import show


def profile(
    r1: Annotated[Path, typer.Argument(help="Reads: FASTQ, plain or compressed.", metavar="R1")],
    reference: Annotated[Path, typer.Option("--reference", help="Folder of the reference.", metavar="REF")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the sample's folder.")],
    r2: Annotated[
        Path | None, typer.Argument(help="The mates, if they are in a file of their own.", metavar="R2")
    ] = None,
    sample: Annotated[str | None, typer.Option("--sample", help="Name of the sample (default: of the file).")] = None,
    mode: Annotated[
        str, typer.Option("--mode", help="fast, or mapping (genes' presence and growth, slower).")
    ] = "fast",
    layout: Annotated[
        str | None, typer.Option("--layout", help="single or interleaved, for one file (default: look).")
    ] = None,
    host: Annotated[
        list[Path] | None, typer.Option("--host", help="FASTA or index of a host; may be given again.")
    ] = None,
    adapter: Annotated[list[str] | None, typer.Option("--adapter", help="An adapter; may be given again.")] = None,
    quality: Annotated[int, typer.Option("--quality", help="Cut ends below this quality; 0 leaves them.")] = 15,
    min_length: Annotated[int, typer.Option("--min-length", help="Leave out reads shorter than this.")] = 40,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the bootstrap of growth.")] = 1,
    fresh: Annotated[bool, typer.Option("--fresh", help="Profile, whatever is there already.")] = False,
) -> None:
    """Profile one sample of reads: species and strains, functions, and with --mode mapping genes and growth."""
    from commensal import pipeline

    with show.progress_bar() as progress:
        found = pipeline.profile(
            r1,
            r2,
            reference=reference,
            out=out,
            sample=sample,
            mode=mode,
            layout=layout,
            host=tuple(host or ()),
            adapter=tuple(adapter or ()),
            quality=quality,
            min_length=min_length,
            seed=seed,
            fresh=fresh,
            progress=progress,
        )
    for sentence in found.sentences():
        show.say(sentence)
