"""Private runs: nothing of single people leaves, by a search of every byte; and the estimates are the same."""

from __future__ import annotations

import gzip
import json
import re
import stat
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import commensal
from commensal.cli.app import app
from commensal.errors import OutputError, TableError, UsageError
from commensal.execution import is_private, own_place, pseudonym
from commensal.page.omitted import dropped_groups
from commensal.pipeline.private import Private
from commensal.pipeline.private_points import LEAST, private_points
from commensal.pipeline.replay import replay
from commensal.pipeline.unchanged import is_asked
from commensal.pipeline.verify import changed, verify
from commensal.tables import points, read_estimates, read_points

PAIRS, TAXA, MOLECULES = 16, 6, 5
#: Of some 250 numbers of six digits, so many are found by chance among the thousands of coordinates of a page.
CHANCE = 4


class Canaries:
    """Texts and numbers that occur nowhere else, by what they are."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.numbers: dict[str, str] = {}
        self._rng = np.random.default_rng(8)

    def text(self, what: str) -> str:
        made = f"Qz{len(self.texts):04d}x{''.join(self._rng.choice(list('bcdfghjklmnpqrstvw'), 9))}"
        self.texts[made] = what
        return made

    def number(self, what: str, near: float, *, whole: bool = False) -> str:
        made = f"{near * (1 + self._rng.uniform(-0.1, 0.1)):.{'0f' if whole else '9g'}}"
        self.numbers[f"{float(made):.6g}"] = what  # the page rounds to six digits
        return made

    def in_bytes(self, content: bytes) -> set[str]:
        """Return the texts that are found, and the numbers, where they are more than two: few agree by chance."""
        text = content.decode("utf-8", "replace")
        found = set(re.findall(r"qz\d{4}x[a-z]{9}", text, re.IGNORECASE))
        known = {one.lower(): one for one in self.texts}
        numbers = {f"{float(one):.6g}" for one in re.findall(r"\d+\.?\d*", text) if len(one) >= 6}
        numbers &= set(self.numbers)
        return {known[one.lower()] for one in found} | (numbers if len(numbers) > CHANCE else set())


def opened(path: Path) -> bytes:
    """Return a file's bytes, with whatever is packed in them unpacked."""
    content = path.read_bytes()
    if path.suffix == ".parquet":
        frame = pq.read_table(BytesIO(content)).to_pandas()
        rest = frame.select_dtypes("number").to_numpy(float)
        content += frame.to_csv().encode() + " ".join(f"{one:.9g}" for one in rest[np.isfinite(rest)]).encode()
        content += str(pq.read_schema(BytesIO(path.read_bytes())).metadata).encode()
    if path.suffix == ".gz":
        content += gzip.decompress(content)
    if path.suffix == ".pdf":
        for part in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL):
            try:
                content += zlib.decompress(part)
            except zlib.error:
                continue
    return content


def search(folder: Path, canaries: Canaries, *, without: tuple[str, ...] = ()) -> dict[str, set[str]]:
    """Return what is found in every file of a folder, in its names too."""
    found: dict[str, set[str]] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if name.startswith(without):
            continue
        hits = canaries.in_bytes(name.encode())
        hits |= canaries.in_bytes(opened(path)) if path.is_file() else set()
        if hits:
            found[name] = hits
    return found


@pytest.fixture(scope="module")
def canaries():
    return Canaries()


@pytest.fixture(scope="module")
def study(tmp_path_factory, canaries):
    """Households of a patient and a relative, each id, path, comment and free text a canary."""
    folder = tmp_path_factory.mktemp(canaries.text("path of the study"))
    rng = np.random.default_rng(3)
    text, number = canaries.text, canaries.number
    people, samples, visits = [], [], []
    taxa: dict[str, list[str]] = {"feature": [f"Taxon {i}" for i in range(TAXA)]}
    serum = []
    for pair in range(PAIRS):
        household = text("household")
        for group in ("ALS", "relative"):
            who, sample, blood = text("subject"), text("sample"), text("sample of blood")
            case = group == "ALS"
            age = number("age", 62.0 if case else 57.0)
            people.append([who, household if pair else "", group, "FM"[int(rng.integers(2))], age, text("free text")])
            samples += [[sample, who, "stool", "sample"], [blood, who, "serum", "sample"]]
            if case:
                visits.append([who, number("severity", 36.0 + rng.normal(0, 6))])
            shallow = 0.02 if pair == 3 and case else 1.0
            scale = shallow * rng.lognormal(0, 0.5, TAXA) * np.linspace(900_000, 90_000, TAXA) * (1 + 0.6 * case)
            taxa[sample] = [number("count", float(round(one)), whole=True) for one in scale]
            values = rng.lognormal(0, 0.4, MOLECULES) * np.linspace(30, 4000, MOLECULES) * (1 + 0.8 * case)
            serum.append([blood, *(number("level", float(one)) for one in values)])
    blank, stray = text("blank"), text("sample without a row")
    samples += [[blank, blank, "stool", "blank"], [text("sample without data"), people[0][0], "stool", "sample"]]
    taxa[blank], taxa[stray] = ["3"] * TAXA, ["5"] * TAXA
    names = {key: f"{text('file')}.tsv" for key in ("people", "samples", "visits", "taxa", "serum")}
    note = text("name of the column of free text")
    write = {
        "people": pd.DataFrame(people, columns=["who", "home", "group", "sex", "age", note]),
        "samples": pd.DataFrame(samples, columns=["sample", "who", "specimen", "role"]),
        "visits": pd.DataFrame(visits, columns=["who", "alsfrs"]).assign(time=3),
        "taxa": pd.DataFrame(taxa),
        "serum": pd.DataFrame(serum, columns=["sample", *(f"molecule {i}" for i in range(MOLECULES))]),
    }
    for key, frame in write.items():
        frame.to_csv(folder / names[key], sep="\t", index=False)
    (folder / "study.toml").write_text(
        STUDY.format(comment=text("comment"), somebody=people[0][0], **names), encoding="utf-8"
    )
    return folder / "study.toml"


STUDY = """# {comment}
[study]
name = "cohort"
private = true
time_unit = "day"
[design]
randomised = "no"
blinded = ["taxa"]
exclusions = "none"
primary = ["taxa"]
[tables.samples]
file = "{samples}"
columns = {{ subject = "who" }}
[tables.subjects]
file = "{people}"
columns = {{ subject = "who", disease = "group", household = "home" }}
[tables.phenotypes]
file = "{visits}"
columns = {{ subject = "who" }}
[variables.disease]
type = "category"
reference = "relative"
[variables.sex]
type = "category"
reference = "F"
[variables.household]
type = "category"
[measures.alsfrs]
better = "higher"
kind = "score"
[assays.taxa]
kind = "taxa"
file = "{taxa}"
value = "counts"
specimen = "stool"
[assays.serum]
kind = "metabolites"
file = "{serum}"
value = "intensity"
specimen = "serum"
[contrasts.als]
column = "disease"
case = "ALS"
control = "relative"
[questions.patients]
kind = "cohort"
contrast = "als"
assays = ["taxa", "serum"]
block = ["household"]
covariates = ["age", "sex"]
severity = {{ measure = "alsfrs" }}
targeted = ["molecule 0"]
permutations = 99
[contrasts.nobody]
column = "disease"
case = "ALS"
control = "relative"
where = {{ age = {{ min = 200 }}, subject = ["{somebody}"] }}
[questions.refused]
kind = "cohort"
contrast = "nobody"
assays = ["taxa"]
permutations = 99
"""


@pytest.fixture(scope="module")
def runs(study, tmp_path_factory):
    """The same study in the open, which has to be said, and in private, which its file demands; by command."""
    there = tmp_path_factory.mktemp("out")
    said = {}
    for name, option in (("open", ["--no-private"]), ("shut", [])):
        words = ["run", str(study), "--out", str(there / name), *option]
        done = CliRunner().invoke(app, words, catch_exceptions=False)
        said[name] = (done.exit_code, done.output.replace(str(there), ""))
    return there, said


def test_the_search_finds_people_in_an_ordinary_run(runs, canaries):
    there, _ = runs
    found = search(there / "open", canaries)
    kinds = {canaries.texts.get(one, canaries.numbers.get(one)) for hits in found.values() for one in hits}
    assert {"report.html", "points.parquet", "study-as-run.toml", "ro-crate-metadata.json"} <= set(found)
    assert any(name.endswith(".svg") for name in found)
    wanted = {"sample", "sample of blood", "household", "comment", "file", "path of the study", "level", "severity"}
    assert wanted | {"sample without data", "sample without a row", "blank"} <= kinds


def test_an_ordinary_run_has_no_values_and_no_ids_in_its_journal_crate_and_names_of_kept_results(runs, canaries):
    there, _ = runs
    folder = there / "open"
    files = {canaries.texts[one] for one in canaries.texts if canaries.texts[one] in ("file",)}
    for name in ("run.jsonl", "ro-crate-metadata.json"):
        found = canaries.in_bytes((folder / name).read_bytes())
        assert {canaries.texts.get(one, canaries.numbers.get(one)) for one in found} <= files
    told = [json.loads(line) for line in (folder / "run.jsonl").read_text().splitlines()]
    told = [one for one in told if one["event"] == "finding"]
    assert "shallow_samples" in {one["code"] for one in told}
    assert not any({"message", "mend", "counts"} & set(one) for one in told)
    names = " ".join(path.relative_to(folder).as_posix() for path in folder.rglob("*"))
    assert not canaries.in_bytes(names.encode())


def test_a_private_run_leaves_nothing_of_people_in_any_byte(runs, canaries):
    there, said = runs
    assert search(there / "shut", canaries) == {}
    assert said["shut"][0] == said["open"][0]
    assert not canaries.in_bytes(said["shut"][1].encode())


def test_the_estimates_of_a_private_run_are_the_same_bit_for_bit(runs):
    there, _ = runs
    one, two = (read_estimates(there / name / "estimates.parquet") for name in ("open", "shut"))
    assert one["p"].notna().any()
    pd.testing.assert_frame_equal(one.drop(columns="note"), two.drop(columns="note"), check_exact=True)


def test_few_ids_that_met_nothing_are_not_counted(runs):
    there, _ = runs
    page, shut = (re.sub(r"\s+", " ", (there / name / "report.html").read_text()) for name in ("open", "shut"))
    assert "fewer than five samples, assay taxa: in the samples table, without data in this assay" in shut
    row = re.compile(r"<tr><t[hd][^>]*>taxa</t[hd]>.*?</tr>")
    last = {
        name: re.findall(r"<td[^>]*>([^<]*)</td>", row.search(text)[0])[-1] for name, text in (("o", page), ("s", shut))
    }
    assert last == {"o": "1", "s": "fewer than five"}
    told = {one.code: one for one in commensal.read_results(there / "shut").findings}
    for code in ("samples_without_data", "data_without_samples"):
        assert "how many is left out" in told[code].message
        assert not re.search(r"sample-[0-9a-f]{6}", told[code].message)
        assert not told[code].counts
    lists = (there / "shut" / "checklists.tsv").read_text()
    assert re.findall(r"Entries left out[^.]*: ([^.]*)\.", lists)[0] == "fewer than five samples"
    end = json.loads((there / "shut" / "run.jsonl").read_text().splitlines()[-1])
    assert "dropped" not in end


def test_parts_of_a_table_are_nobody_and_stay_with_their_reason(tmp_path):
    who = [f"Qz{i:02d}" for i in range(8)]
    (tmp_path / "people.tsv").write_text(
        "sample\tgroup\n" + "".join(f"{one}\t{('case', 'control')[i % 2]}\n" for i, one in enumerate(who))
    )
    rows = [["clade_name", *(f"{one}_profile" for one in who)], ["k__A", *["100"] * 8]]
    rows += [["k__A|s__B", *["60"] * 8], ["k__A|s__C", *["40"] * 8]]
    (tmp_path / "Qz00.tsv").write_text("".join("\t".join(row) + "\n" for row in rows))
    study = commensal.init(tmp_path / "mine", samples=tmp_path / "people.tsv", table=tmp_path / "Qz00.tsv")
    veil = Private(tmp_path / "out", _key=b"k" * 32)
    told = dropped_groups(veil.dropped(next(iter(veil.hide(commensal.load(study)).assays.values())).dropped))
    assert not any("Qz" in text for one in told for text in (one.where, one.reason, *one.names))
    parts = {one.counted: one.names for one in told if "only rank species is read" in one.reason}
    assert parts == {"1 part": ("clades of other ranks",)}
    assert [one.counted for one in told if one.what == "row"] == ["fewer than five rows"]


def test_private_points_are_of_five_people_or_more(runs):
    there, _ = runs
    found = read_points(there / "shut" / "points.parquet")
    assert {"density", "mean"} <= set(found["figure"])
    own = found[found["figure"].isin(["density", "mean"])]
    assert (own["n"] >= LEAST).all()
    assert (own["n"] % LEAST == 0).all()
    assert own["sample"].isna().all()
    assert own["subject"].isna().all()


def test_what_a_private_run_keeps_lies_beside_its_folder_and_only_its_owner_may_look(runs, canaries):
    there, _ = runs
    folder, own = there / "shut", own_place(there / "shut")
    assert not (folder / ".commensal").exists()
    assert not (folder / "study-as-run.toml").exists()
    assert stat.S_IMODE(own.stat().st_mode) == 0o700
    assert stat.S_IMODE((own / "key").stat().st_mode) == 0o600
    assert search(own, canaries)  # which is why it is not passed on
    key = (own / "key").read_text().strip().encode()
    assert not any(key in path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_a_private_folder_is_taken_up_verified_and_replayed(runs, study, tmp_path):
    there, _ = runs
    folder = there / "shut"
    before = (folder / "report.html").read_bytes()
    again = CliRunner().invoke(app, ["run", str(study), "--out", str(folder), "--private"], catch_exceptions=False)
    assert "nothing has changed" in again.output
    assert (folder / "report.html").read_bytes() == before
    assert changed(verify(folder, study.parent)).empty
    assert replay(folder, tmp_path / "again", study.parent).identical
    assert (own_place(tmp_path / "again") / "key").is_file()


def test_a_private_folder_that_was_passed_on_is_verified_and_its_replay_refused(runs, study, tmp_path):
    there, _ = runs
    passed = tmp_path / "passed"
    passed.mkdir()
    for path in (there / "shut").rglob("*"):
        if path.is_file():
            to = passed / path.relative_to(there / "shut")
            to.parent.mkdir(exist_ok=True)
            to.write_bytes(path.read_bytes())
    table = verify(passed, study.parent)
    assert changed(table).empty
    assert set(table.loc[table["role"] == "input", "state"]) == {"not looked at"}
    with pytest.raises(UsageError, match="the copy of the study file is not there"):
        replay(passed, tmp_path / "again", study.parent)
    with pytest.raises(OutputError, match="that of a private run"):
        commensal.run(study, passed, private=False)


def test_private_and_ordinary_results_never_share_a_folder(runs, study):
    there, _ = runs
    with pytest.raises(OutputError, match="results of an ordinary run"):
        commensal.run(study, there / "open")
    with pytest.raises(OutputError, match="that of a private run"):
        commensal.run(study, there / "shut", private=False)


def test_the_crate_says_which_way_a_run_went(runs):
    there, _ = runs
    assert is_private(there / "shut")
    crates = {name: (there / name / "ro-crate-metadata.json").read_text() for name in ("open", "shut")}
    assert {name: "#option/private" in text for name, text in crates.items()} == {"open": False, "shut": True}
    assert {one: is_asked(Path("absent.toml"), one) for one in (None, True, False)} == {
        None: False, True: True, False: False,
    }  # fmt: skip


@pytest.mark.parametrize("private", [True, False])
def test_a_run_that_fails_says_nothing_of_people_in_its_journal(study, tmp_path, canaries, private):
    broken = tmp_path / "data"
    broken.mkdir()
    for path in study.parent.iterdir():
        (broken / path.name).write_bytes(path.read_bytes())
    first = next(path for path in broken.glob("*.tsv") if path.read_text().startswith("sample\twho"))
    lines = first.read_text().splitlines()
    first.write_text("\n".join([*lines, lines[1]]))  # an id twice
    option = "--private" if private else "--no-private"
    done = CliRunner().invoke(app, ["run", str(broken / "study.toml"), "--out", str(tmp_path / "out"), option])
    assert done.exit_code == 1
    assert search(tmp_path / "out", canaries, without=("study-as-run.toml",)) == {}
    said = canaries.in_bytes((done.output + str(done.exception)).encode())
    assert bool(said) is not private
    if private:
        assert isinstance(done.exception, TableError)
        assert "commensal check" in str(done.exception)


def test_pseudonyms_keep_neither_order_nor_names():
    names = [f"P{i:03d}" for i in range(200)]
    made = [pseudonym(b"k" * 32, "subject", one) for one in names]
    assert len(set(made)) == 200
    places = np.argsort(np.argsort(made))
    assert abs(np.corrcoef(places, np.arange(200))[0, 1]) < 0.25
    assert made != [pseudonym(b"j" * 32, "subject", one) for one in names]


def test_small_groups_repeated_samples_and_unknown_kinds_show_nobody(study):
    loaded = commensal.load(study)
    row = {"question": "q", "figure": "values", "feature": "f", "unit": "u", "side": "case"}
    four = points([{**row, "sample": f"s{i}", "y": 10.0 + i} for i in range(4)])
    assert private_points(four, loaded).empty
    one_person = points([{**row, "sample": f"s{i}", "subject": "same", "y": 10.0 + i} for i in range(40)])
    assert private_points(one_person, loaded).empty
    unknown = points([{**row, "figure": "something new", "sample": f"s{i}", "y": 10.0 + i} for i in range(40)])
    assert private_points(unknown, loaded).empty
    values = np.linspace(10, 20, 23)
    made = private_points(points([{**row, "sample": f"s{i}", "y": y} for i, y in enumerate(values)]), loaded)
    bins = made[made["figure"] == "density"]
    assert bins["n"].tolist() == [5, 5, 5, 5]  # 5 to 7 people each, to the nearest five
    assert not {10.0, 20.0} & {*bins["low"], *bins["high"]}  # nobody's own value, and no extreme


def test_a_curve_is_read_where_enough_people_left_between(study):
    loaded = commensal.load(study)
    times = np.arange(1, 41, dtype=float) + 0.123
    steps = [{"figure": "survival", "side": "case", "group": "a", "x": 0.0, "y": 1.0, "n": 40}]
    steps += [
        {"figure": "survival", "side": "case", "group": "a", "x": t, "y": 1 - (i + 1) / 40, "n": 40 - i}
        for i, t in enumerate(times)
    ]
    made = private_points(points(steps), loaded)
    assert not set(made["x"]) & set(times)
    left = -np.diff(made["y"].to_numpy(float) * 40)
    assert (left >= LEAST - 1e-9).all()
    assert made["y"].min() >= LEAST / 40
