"""The references of a run as BibTeX: each sentence of the page is an entry, whole and in BibTeX's own grammar."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from commensal.page import PageView, write
from commensal.page.bibtex import bibtex
from commensal.page.methods import REFERENCES, methods
from commensal.study import Study
from commensal.tables import estimates, points

#: Printed without a DOI.
WITHOUT_DOI = {"incidence", "interval", "scikit-bio"}


def parsed(text: str) -> dict[str, dict[str, str]]:
    """Read BibTeX with braces in balance; a field ends where its own brace does."""
    entries: dict[str, dict[str, str]] = {}
    for head in re.finditer(r"@(\w+)\{([^,]+),\n", text):
        fields: dict[str, str] = {"": head[1]}
        at = head.end()
        while text[at] != "}":
            name = re.compile(r"\s*(\w+) = \{").match(text, at)
            assert name, text[at : at + 40]
            depth, start = 1, name.end()
            at = start
            while depth:
                depth += {"{": 1, "}": -1}.get(text[at], 0) if text[at - 1] != "\\" else 0
                at += 1
            fields[name[1]] = text[start : at - 1]
            assert text[at : at + 2] == ",\n"
            at += 2
        assert head[2] not in entries
        entries[head[2]] = fields
    return entries


@pytest.mark.parametrize("key", REFERENCES)
def test_every_reference_keeps_all_that_it_says(key):
    sentence = REFERENCES[key]
    ((_, fields),) = parsed(bibtex([sentence])).items()
    bare = {name: re.sub(r"[{}]|\\", "", value) for name, value in fields.items()}
    for name, value in bare.items():
        if name not in ("", "author"):
            assert value.replace("--", "–") in sentence, name
    surnames = [one.split(",")[0] for one in bare["author"].split(" and ") if one != "others"]
    assert all(name in sentence for name in surnames)
    assert ("doi" in fields) is (key not in WITHOUT_DOI)
    if fields[""] == "article":
        assert {"author", "title", "journal", "year", "volume"} <= set(fields)
        written = re.findall(r"[^\W_]+", re.sub(r" et al\.| doi:", " ", sentence))
        kept = re.findall(r"[^\W_]+", " ".join(bare.values()).replace("--", "–"))
        lost = {word for word in written if word not in kept and not word.isupper()}
        assert not lost, lost


def test_no_two_references_share_a_key_or_a_doi():
    entries = parsed(bibtex(REFERENCES.values()))
    assert len(entries) == len(REFERENCES)
    dois = [fields["doi"] for fields in entries.values() if "doi" in fields]
    assert len(set(dois)) == len(dois)
    assert all(re.fullmatch(r"10\.\d{4,}/\S+[\w)]", doi) for doi in dois)


def test_keys_are_surname_and_year_and_told_apart_by_letters():
    twice = ["Wu D, Smyth GK (2012). One. Journal 1, 2.", "Wu D (2012). Two. Journal 1, 3."]
    assert list(parsed(bibtex(twice))) == ["wu2012", "wu2012b"]
    assert list(parsed(bibtex(["Ångström Å et al. (1900). X. Y 1."]))) == ["angstrom1900"]


def test_what_bibtex_takes_for_a_command_is_escaped_and_an_odd_sentence_refused():
    told = bibtex(["A B (2000). 5 % of {x} & y_z. J 1, 2."])
    assert r"5 \% of \{x\} \& y\_z" in told
    with pytest.raises(ValueError, match="known form"):
        bibtex(["no reference"])


def test_a_run_s_file_has_its_own_references_and_an_empty_run_none(tmp_path):
    row = {"question": "q", "kind": "cohort", "assay": "serum", "feature": "M1", "model": "abundance"}
    row |= {"term": "overall", "effect": 1.0, "test": "t", "p": 0.01, "q": 0.01, "family": "f", "status": "ok"}
    row |= {"n_blocks": 3}
    study = Study(Path("study.toml"), "s")
    view = PageView(study, estimates([row]), points())
    write(view, tmp_path)
    entries = parsed((tmp_path / "methods.bib").read_text(encoding="utf-8"))
    assert {"bates2015", "kuznetsova2017"} <= set(entries)
    assert "love2014" not in entries
    assert len(entries) == len(methods(view)[1])
    assert 'download="methods.bib"' in (tmp_path / "report.html").read_text(encoding="utf-8")
    write(PageView(study, estimates(), points()), tmp_path)
    assert not (tmp_path / "methods.bib").exists()
