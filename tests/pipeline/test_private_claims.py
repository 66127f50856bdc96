"""A private page with claims: no file, no id, no value of one person, and nothing spoken of that is not drawn."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest

import commensal
from commensal import simulation
from commensal.errors import DesignError, StatisticsError, TableError
from commensal.pipeline.answering import _not_answered, steps_of
from commensal.pipeline.load import load
from commensal.pipeline.private import OF_ONE_PERSON, Private
from commensal.tables import Finding, read_estimates, read_points


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The model study, small, in private; figures are written as what they are drawn from."""
    import vl_convert

    there = tmp_path_factory.mktemp("there")
    sizes = {"strains": 1, "doses": 1, "molecules": 20, "taxa": 20, "genes": 60, "times": 3, "measures": 1}
    study = simulation.als(there / "study", seed=1, small=True, **sizes)
    study.write_text(study.read_text().replace("permutations = 999", "permutations = 99"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vl_convert, "vegalite_to_svg", lambda spec, **_: json.dumps(spec, default=str))
        patch.setattr(vl_convert, "svg_to_pdf", lambda svg: svg.encode())
        commensal.run(study, there / "out", private=True)
    return load(study), there / "out"


def texts(folder) -> dict[str, str]:
    """Return what is written in every file of a folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".parquet":
            found[path.name] = pd.read_parquet(path).to_csv()
        elif path.is_file():
            found[path.name] = path.read_text(encoding="utf-8", errors="replace")
    return found


def test_no_file_of_the_study_is_named_anywhere(ran):
    loaded, out = ran
    names = sorted(path.name for path in loaded.declared.path.parent.iterdir() if path.suffix in (".tsv", ".nwk"))
    assert len(names) > 10
    said = {name: [one for one in names if one in text] for name, text in texts(out).items()}
    assert {name: ones for name, ones in said.items() if ones} == {}


def test_nobody_is_named_in_any_file_not_even_by_pseudonym_among_what_is_left_out(ran):
    loaded, out = ran
    ids = {*map(str, loaded.samples.index), *map(str, loaded.subjects.index)}
    for name, text in texts(out).items():
        assert not ids & set(re.findall(r"[\w.-]+", text)), name
    page = (out / "report.html").read_text()
    left = page[page.index("Everything left out, and why</h2>") : page.index("Ids that met nothing</h3>")]
    assert "subjects, question" in left
    assert not re.search(r"(subject|sample|household)-[0-9a-f]{12}", left)


def test_no_note_tells_what_one_person_does_to_an_estimate_or_has(ran):
    _, out = ran
    notes = read_estimates(out / "estimates.parquet")["note"].dropna()
    assert notes.str.contains("days from the sample in the median").any()
    assert not notes.str.contains("without any one|at most|the widest").any()
    course = notes[notes.str.contains("draws of the onsets")]
    assert len(course) == 1  # what names nobody once the widest interval is gone stays
    assert "left out" not in course.iloc[0]


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("a; without any one patient 0.79 to 0.86 (the most influential of 39 moves it by +0.04); b", "a; b"),
        ("without any one patient 0.79 to 0.86 (the most influential of 39 moves it by +0.04); b", "; b"),
        ("an interval in 24 of 24 (the widest 82 to 89, m001); b", "an interval in 24 of 24; b"),
        ("10 days from the sample in the median, 21.5 at most", "10 days from the sample in the median"),
    ],
)
def test_parts_of_notes_that_tell_of_one_person_go(said, left):
    for pattern, instead in OF_ONE_PERSON:
        said = pattern.sub(instead, said)
    assert said == left


def test_the_page_speaks_of_nothing_that_is_not_drawn(ran):
    _, out = ran
    page = (out / "report.html").read_text()
    points = read_points(out / "points.parquet")
    own = points[points["figure"].isin(["mean", "density"])]
    for key, part in own.groupby(["question", "assay", "note"], dropna=False):
        if "density" not in set(part["figure"]) and key[2] == "values":
            title = f"Values: {key[1]}"
            shown = page[page.index(title) : page.index("</figure>", page.index(title))]
            assert "How many subjects" not in shown
            assert "Means of subjects" in shown
    assert '"private":true' in page.replace(" ", "")
    first = points[(points["figure"] == "mean") & points["note"].eq("incidence")]
    for measure in first.loc[~(first.groupby("feature")["x"].transform("max") > 0), "feature"].unique():
        assert f"Not drawn, as fewer than five of any group had it: death: {measure}" in page


@pytest.mark.parametrize(
    "code",
    ["reads_declared", "reads_none_left", "reads_unusable", "reads_without_sample", "preparation_worse", "a_new_one"],
)
def test_what_is_found_while_files_are_read_is_told_by_its_kind_alone(code):
    said = Finding(
        code, "warning", "Qz01.fastq.gz", "Qz01 has 17 reads", "look at Qz01", assay="taxa", counts={"n": 17}
    )
    veil = Private(Path("nowhere"), _key=b"k" * 32)
    (told,) = veil.early([said])
    assert (told.code, told.severity, told.where, told.counts) == (code, "warning", "assay taxa", {})
    assert "Qz01" not in json.dumps(told.to_dict())
    assert "17" not in json.dumps(told.to_dict())
    assert veil.journal(said) == {"code": code, "severity": "warning"}


@pytest.mark.parametrize("kind", [DesignError, TableError, StatisticsError])
def test_an_error_that_stops_a_private_run_or_becomes_a_finding_tells_of_nobody(ran, kind):
    loaded, _ = ran
    veil = Private(Path("nowhere"), _key=b"k" * 32)
    hidden = veil.hide(loaded)
    who = str(hidden.samples.index[3])
    error = kind(f"{who} has 17.25", where=f"sample {who}", found="17.25", expected="less", mend=f"remove {who}")
    found = _not_answered(steps_of(hidden.declared)[0].question, "assay taxa", "taxa", error)
    (told,) = veil.findings([found])
    assert who not in json.dumps(told.to_dict())
    assert "17.25" not in json.dumps(told.to_dict())
    with pytest.raises(kind) as caught, veil.guard():
        raise error
    assert "17.25" not in str(caught.value)
