"""``commensal simulate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Simulate studies and reads with known truth.")

_Seed = Annotated[int, typer.Option("--seed", min=0, help="Same seed, same output.")]


@app.command("cohort")
def cohort(
    out: Annotated[Path, typer.Option("--out", help="Folder for the study.")],
    seed: _Seed = 1,
    households: Annotated[int, typer.Option("--households", help="Households with a patient.")] = 24,
) -> None:
    """Simulate a household cohort: stool, serum, and truth.json."""
    from commensal import pipeline

    typer.echo(f"study: {pipeline.simulate.cohort(out, seed=seed, households=households)}")
    typer.echo(f"truth: {out / 'truth.json'}")


@app.command("reads")
def reads(
    genomes: Annotated[Path, typer.Option("--genomes", help="Folder of FASTA files.", metavar="DIR")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the reads.")],
    seed: _Seed = 1,
    pairs: Annotated[int, typer.Option("--pairs", help="Pairs of reads (per sample).")] = 500_000,
    name: Annotated[str, typer.Option("--name", help="Name of the sample.")] = "sample",
    abundance: Annotated[
        Path | None, typer.Option("--abundance", help="Table: genome, abundance (cells), and maybe ptr.")
    ] = None,
    spread: Annotated[float, typer.Option("--spread", help="SD of log abundances where no table gives them.")] = 1.5,
    length: Annotated[int, typer.Option("--length", help="Bases of a read.")] = 150,
    insert: Annotated[float, typer.Option("--insert", help="Mean bases of a fragment.")] = 350,
    error: Annotated[str, typer.Option("--error", help="binned (qualities in four bins), or none.")] = "binned",
    host: Annotated[Path | None, typer.Option("--host", help="FASTA of the host.")] = None,
    host_fraction: Annotated[float, typer.Option("--host-fraction", help="Share of the host's pairs.")] = 0.0,
    deletions: Annotated[
        Path | None, typer.Option("--deletions", help="Table: genome, contig, start, end (from 1).")
    ] = None,
    duplicates: Annotated[float, typer.Option("--duplicates", help="Share of pairs that are copies.")] = 0.0,
    households: Annotated[
        int, typer.Option("--households", min=0, help="Write a whole study of this many households of two.")
    ] = 0,
) -> None:
    """Simulate FASTQ of known composition from genomes: one sample, or with --households a whole study."""
    from commensal import pipeline

    truth = pipeline.simulate.reads(
        genomes,
        out,
        seed=seed,
        pairs=pairs,
        name=name,
        abundance=abundance,
        spread=spread,
        length=length,
        insert=insert,
        error=error,
        host=host,
        host_fraction=host_fraction,
        deletions=deletions,
        duplicates=duplicates,
        households=households,
    )
    if "study" in truth:
        typer.echo(f"study: {truth['study']}\ntruth: {out / 'truth.json'}")
        return
    for file in truth["files"]:
        typer.echo(f"reads: {out / file}")
    typer.echo(f"truth: {out / (name + '_truth.json')}")
