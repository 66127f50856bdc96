"""The verb as a user runs it."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from commensal.cli.app import app

run = CliRunner()


def command(*words: object):
    return run.invoke(app, ["reference", *map(str, words)])


def test_build_info_check_add(make):
    make.genome("a", 1)
    make.gff("annotations/a.gff", "a_c1", more={"g1": "KO=K00278"})
    folder = make.folder / "REF"
    done = command("build", make.genomes, "--out", folder, "--annotations", make.folder / "annotations")
    assert done.exit_code == 0, done.output
    assert "genomes: 1 (1 ok)" in done.output
    assert command("check", folder).output == "every file is as it was built\n"
    table = command("info", folder, "--pathway", "nad_de_novo").output.splitlines()
    assert table[1].split("\t")[:8] == [
        "a",
        "unknown",
        "nad_de_novo",
        "nadB",
        "L-aspartate oxidase",
        "synthesis",
        "True",
        "g1",
    ]
    make.genome("b", 2, where="more")
    make.text("more/bad.fna", "@r\nA\n+\nI\n")
    added = command("add", folder, make.folder / "more")
    assert added.exit_code == 1
    assert "genomes: 2" in added.output
    assert "bad.fna: fastq" in added.output
    (folder / "genes.parquet").write_bytes(b"")
    assert command("check", folder).exit_code == 1


def test_an_unknown_pathway_names_the_nearest(make):
    from commensal.errors import UsageError

    make.genome("a", 1)
    command("build", make.genomes, "--out", make.folder / "REF")
    failed = command("info", make.folder / "REF", "--pathway", "nad_denovo")
    assert isinstance(failed.exception, UsageError)
    assert "nad_de_novo" in str(failed.exception)


@pytest.mark.parametrize("verb", ["build", "add", "info", "check"])
def test_every_verb_has_help(verb):
    assert command(verb, "--help").exit_code == 0
