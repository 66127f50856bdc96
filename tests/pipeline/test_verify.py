"""A run's crate is complete, reads back by rocrate, and tells what changed."""

from __future__ import annotations

import json

import pytest

from commensal import load, replay, run, simulation, verify
from commensal.errors import TableError, UsageError
from commensal.pipeline.verify import changed


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    base = tmp_path_factory.mktemp("crate")
    study = simulation.cohort(base / "study", seed=1)
    first = next(iter(load(study).declared.questions))
    run(study, base / "out", only=[first])
    return base, study


def graph(folder):
    return json.loads((folder / "ro-crate-metadata.json").read_text())["@graph"]


def references(value):
    if isinstance(value, dict):
        if set(value) == {"@id"}:
            yield value["@id"]
        else:
            for one in value.values():
                yield from references(one)
    elif isinstance(value, list):
        for one in value:
            yield from references(one)


def test_every_id_resolves_and_every_part_exists(made):
    base, _ = made
    held = {entity["@id"]: entity for entity in graph(base / "out")}
    wanted = {one for entity in held.values() for one in references(entity)}
    outside = {"https://w3id.org/ro/crate/1.1", "http://schema.org/CompletedActionStatus"}
    assert wanted - set(held) == outside
    parts = [entity["@id"] for entity in held["./"]["hasPart"]]
    assert {"estimates.parquet", "report.html", "run.jsonl", "study-as-run.toml"} <= set(parts)
    assert all((base / "out" / part).is_file() for part in parts)
    assert {"instrument", "object", "result", "startTime", "endTime"} <= set(held["#run"])


def test_rocrate_reads_it_back(made):
    from rocrate.rocrate import ROCrate

    base, _ = made
    crate = ROCrate(base / "out")
    action = crate.get("#run")
    assert action.type == "CreateAction"
    assert crate.get("estimates.parquet") in action["result"]
    assert crate.root_dataset["conformsTo"].id.startswith("https://w3id.org/ro/wfrun/process")


def test_the_seed_of_each_question_is_kept(made):
    base, _ = made
    assert any(
        entity["@id"].startswith("#seed/") and isinstance(entity["value"], int) for entity in graph(base / "out")
    )


def test_the_journal_keeps_no_sentence_about_people(made):
    base, _ = made
    events = [json.loads(line) for line in (base / "out" / "run.jsonl").read_text().splitlines()]
    found = [event for event in events if event["event"] == "finding"]
    assert found
    assert not any("message" in event or "mend" in event for event in found)


def test_no_path_of_the_machine_is_in_the_crate(made):
    base, _ = made
    assert str(base) not in (base / "out" / "ro-crate-metadata.json").read_text()


def test_a_replay_gives_the_same_tables_after_the_study_file_changed(made):
    base, study = made
    before = study.read_bytes()
    study.write_bytes(b"not toml at all [")
    try:
        done = replay(base / "out", base / "again", study.parent)
    finally:
        study.write_bytes(before)
    assert done.compared == {"estimates.parquet": True, "points.parquet": True}
    assert done.versions == {}


def test_a_replay_over_its_own_run_is_refused(made):
    base, study = made
    with pytest.raises(UsageError, match="write over"):
        replay(base / "out", base / "out", study.parent)


def test_nothing_changed_and_then_each_change_is_named(made):
    base, study = made
    data = study.parent
    assert changed(verify(base / "out", data)).empty
    (base / "out" / "points.parquet").write_bytes(b"other")
    (base / "out" / "new.txt").write_text("new")
    table = next(path for path in sorted(data.glob("*.tsv*")))
    table.write_bytes(table.read_bytes() + b"\n")
    found = dict(changed(verify(base / "out", data))[["file", "state"]].itertuples(index=False))
    assert found == {"points.parquet": "changed", "new.txt": "extra", table.name: "changed"}
    with pytest.raises(TableError, match="not what they were"):
        replay(base / "out", base / "third", data)
    (base / "out" / "points.parquet").unlink()
    assert dict(changed(verify(base / "out"))[["file", "state"]].itertuples(index=False))["points.parquet"] == "missing"


def test_a_folder_without_a_crate_is_said(tmp_path):
    with pytest.raises(UsageError, match="holds no crate"):
        verify(tmp_path)
