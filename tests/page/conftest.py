"""A made-up household cohort as the questions would hand it over: study, estimates, points, findings, dropped."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from commensal.page import PageView
from commensal.study import Assay, Contrast, Dropped, Match, Question, Study
from commensal.tables import Finding, estimates, points

HOSTILE = "<script>alert(1)</script>"
AWKWARD = [
    '=HYPERLINK("x")',
    "+1 taxon",
    "-0 taxon",
    "@cmd",
    "a.b[c]'d\"e\\f",
    "two\nlines",
    "Größe µ-<b>bold</b>",
    HOSTILE,
]
DISTANCES = ("bray_curtis", "aitchison", "weighted_unifrac", "unweighted_unifrac")


def _people(rng: np.random.Generator, families: int) -> list[dict[str, Any]]:
    people = []
    for family in range(families):
        for member in range(4 if family % 3 else 5):
            case = member < 2 if family % 4 else member < 1
            name = f"S{len(people):03d}"
            people.append(
                {
                    "sample": name,
                    "subject": name,
                    "block": f"F{family:02d}",
                    "side": "case" if case else "control",
                    "group": ("CD" if rng.random() < 0.5 else "UC") if case else "relative",
                }
            )
    return people


def _omnibus(base: dict[str, Any], rng: np.random.Generator, distances: tuple[str, ...]) -> list[dict[str, Any]]:
    rows = []
    for measure, effect, unit, p in (
        ("richness", -23.2, "genera at even depth", 0.013),
        ("shannon", -0.11, "nats", 0.21),
        ("faith_pd", None, "branch length", None),
    ):
        for term in ("within", "between"):
            row = base | {"feature": "(all)", "measure": measure, "model": "linear mixed model", "term": term}
            if effect is None:
                rows.append(
                    base
                    | {"feature": "(all)", "measure": measure, "term": term, "status": "not_measured"}
                    | {"note": "no tree is declared"}
                )
                continue
            se = abs(effect) / (2.5 if p < 0.05 else 1.2)
            rows.append(
                row
                | {"effect": effect, "unit": unit, "se": se, "low": effect - 2 * se, "high": effect + 2 * se}
                | {"level": 0.95, "test": "t, Satterthwaite", "statistic": -2.5, "df": 67.3, "p": p, "q": min(1, 2 * p)}
                | {"family": f"alpha diversity, {term} family", "status": "boundary" if term == "between" else "ok"}
            )
    for measure in distances:
        for model, unit in (("permanova", "share"), ("permdisp", "distance")):
            p = float(rng.choice([0.0003, 0.004, 0.03, 0.4]))
            rows.append(
                base
                | {"feature": "(all)", "measure": measure, "model": model, "term": "within", "unit": unit}
                | {
                    "effect": 0.023,
                    "test": "pseudo-F, permutation",
                    "statistic": 2.31,
                    "df": 1,
                    "df2": 88,
                    "n_permutations": 9999,
                }
                | {"p": p, "q": min(1.0, 2 * p) if model == "permanova" else None, "status": "ok"}
                | {"family": "composition", "note": "within blocks: 1.2e+14 distinct arrangements, smallest p 0.0001"}
            )
        for axis, share in ((1, 0.184), (2, 0.097)):
            row = base | {"feature": f"axis {axis}", "measure": measure, "model": "pcoa"}
            rows.append(row | {"effect": share, "unit": "share", "status": "ok"})
    return rows


def _features(
    base: dict[str, Any], rng: np.random.Generator, labels: list[str], found: int, terms: tuple[str, ...]
) -> list[dict[str, Any]]:
    rows = []
    for term in terms:
        for model in ("abundance", "prevalence"):
            for i, label in enumerate(labels):
                row = base | {"feature": f"g{i}", "label": label, "model": model, "term": term}
                unit = "log2 fold change" if model == "abundance" else "share"
                if i >= len(labels) * 0.6:
                    rows.append(row | {"unit": unit, "status": "below_prevalence", "note": f"in {i % 9} of 90 samples"})
                    continue
                hit = i < found and term != "between"
                se = float(rng.gamma(8, 0.06)) * (1 if model == "abundance" else 0.15)
                effect = float(rng.normal(0, se)) + (se * (5 + i % 5) * (-1) ** (i // 2) if hit else 0)
                z = abs(effect) / se
                p = float(min(1.0, 2 * np.exp(-0.717 * z - 0.416 * z * z)))
                rows.append(
                    row
                    | {"effect": effect, "unit": unit, "se": se, "low": effect - 2 * se, "high": effect + 2 * se}
                    | {"level": 0.95, "test": "t, Satterthwaite", "statistic": effect / se, "df": 61.2, "p": p}
                    | {"q": min(1.0, p * 40), "family": f"all features of {base['assay']}, {term} family"}
                    | {"status": "ok" if i % 3 else "boundary"}
                )
    return rows


def _points(
    base: dict[str, Any], rng: np.random.Generator, people: list[dict[str, Any]], labels: list[str]
) -> list[dict]:
    keys = ("question", "contrast", "specimen", "assay")
    place = {key: base[key] for key in keys}
    rows: list[dict[str, Any]] = []
    for person in people:
        shift = 0.1 if person["side"] == "case" else 0.0
        for measure in DISTANCES if base["assay"] == "genera" else ("euclidean",):
            spot = {"figure": "ordination", "measure": measure, "x": rng.normal(shift, 0.2), "y": rng.normal(0, 0.15)}
            rows.append(place | person | spot)
        for measure, middle, unit in (("richness", 160, "genera at even depth"), ("shannon", 3.1, "nats")):
            y = middle * (1 - shift + rng.normal(0, 0.1))
            rows.append(place | person | {"figure": "diversity", "measure": measure, "y": y, "unit": unit})
        for i, label in enumerate(labels):
            y = 0.0 if rng.random() < 0.25 else float(np.exp(rng.normal(-6 + i / 3 + 4 * shift, 1.3)))
            raw = {"figure": "values", "feature": f"g{i}", "label": label, "y": y, "unit": "share of reads"}
            rows.append(place | person | raw)
    return rows


def build_study() -> Study:
    return Study(
        path=Path("study.toml"),
        name="households",
        title="Inflammatory bowel disease against relatives of the same family",
        assays={
            "genera": Assay("genera", "taxa", file="genera.tsv", value="counts"),
            "molecules": Assay("molecules", "metabolites", file="m.tsv", value="intensity"),
            "serum": Assay("serum", "metabolites", file="serum.tsv", value="intensity"),
        },
        contrasts={"ibd": Contrast("ibd", "disease", ("IBD",), ("relative",))},
        questions={
            "people": Question("people", "cohort", "ibd", block=("family",), covariates=("age", "sex")),
        },
    )


def build_view(genera: int = 60, molecules: int = 90, families: int = 21, found: int = 9) -> PageView:
    rng = np.random.default_rng(7)
    people = _people(rng, families)
    n_case = sum(person["side"] == "case" for person in people)
    sizes = {"n": len(people), "n_case": n_case, "n_control": len(people) - n_case, "n_blocks": families}
    rows: list[dict[str, Any]] = []
    spots: list[dict[str, Any]] = []
    for assay, n, distances in (("genera", genera, DISTANCES), ("molecules", molecules, ("euclidean",))):
        base = {"question": "people", "kind": "cohort", "contrast": "ibd", "specimen": "stool", "assay": assay} | sizes
        if not n:
            continue
        labels = [f"Genus {i} sp." if assay == "genera" else f"molecule {i}" for i in range(n)]
        if assay == "genera":
            labels[1] = HOSTILE
            for i, name in enumerate(AWKWARD[:-1]):
                labels[2 + i] = name
        rows += _omnibus(base, rng, distances)
        if assay == "genera":
            frame = {"feature": "(all)", "model": "reference frame", "effect": -0.31, "unit": "log2 fold change"}
            rows.append(base | frame | {"term": "within", "status": "ok"})
        rows += _features(base, rng, labels, found if assay == "genera" else 0, ("within", "between"))
        spots += _points(base, rng, people, labels[:8] if assay == "genera" else labels[:3])
    rows.append(
        {"question": "people", "kind": "cohort", "contrast": "ibd", "specimen": "serum", "assay": "serum"}
        | {"feature": "(all)", "status": "too_few", "note": "1 case, 0 controls", "n": 1, "n_case": 1, "n_control": 0}
    )
    names = tuple(person["sample"] for person in people)
    return PageView(
        study=build_study(),
        estimates=estimates(rows),
        points=points(spots),
        findings=[
            Finding(
                "empty_side",
                "error",
                "contrast ibd × assay serum",
                "No control has serum: this comparison cannot be made.",
                "Add controls, or leave serum out of the question.",
            ),
            Finding(
                "covariate_missing",
                "warning",
                "contrast ibd × assay genera",
                "age is missing for all 31 parents; 59 of 90 samples are complete.",
                "Ask for the ages, or leave age out.",
            ),
            Finding(
                "undeclared",
                "note",
                "[design]",
                f"Blinding is not declared {HOSTILE}.",
                'Write blinded = "unknown" if it is not known.',
            ),
        ],
        dropped=[
            *(Dropped("sample", "assay genera", f"blank {i}", "role blank") for i in range(3)),
            Dropped("feature", "assay molecules", HOSTILE, "excluded by the study file"),
        ],
        matches={"genera": Match("genera", names, ("S998",), ("X1", HOSTILE))},
        provenance={
            "version": "0.1.0",
            "started": "2024-05-01T10:00:00Z",
            "seconds": 12.34,
            "command": "commensal run study.toml --out out",
            "python": "3.11.2",
            "packages": {"numpy": "2.1.0", "scipy": "1.14.0", "scikit-bio": "0.6.3"},
            "inputs": [{"file": "genera.tsv", "bytes": 123456, "sha256": "ab" * 32}],
            "seed": 1,
        },
    )


@pytest.fixture(scope="session")
def make_view() -> Callable[..., PageView]:
    """The builder, for tests that need another size."""
    return build_view


@pytest.fixture(scope="session")
def view() -> PageView:
    """A small cohort with hostile names."""
    return build_view()


@pytest.fixture(scope="session")
def hostile() -> str:
    return HOSTILE


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One Chromium for all tests; they are skipped, saying so, where there is none."""
    found = os.environ.get("CHROMIUM") or next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )
    if found is None:
        pytest.skip("Chromium not found (looked for chromium, chromium-browser, google-chrome; set CHROMIUM)")
    from playwright.sync_api import sync_playwright

    quiet = ["disable-background-networking", "disable-component-update", "disable-sync", "no-first-run"]
    flags = [f"--{flag}" for flag in ("no-sandbox", "disable-gpu", *quiet)]
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=found, args=flags)
        yield chromium
        chromium.close()
