"""The page: one file, from a template that escapes everything it is given."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from markupsafe import Markup, escape

from commensal.errors import OutputError
from commensal.page.arms import ARM_KINDS, verdict_table
from commensal.page.asked import KIND_WORDS, asked
from commensal.page.bibtex import bibtex
from commensal.page.checklists import checklists_section
from commensal.page.claims import claims_section
from commensal.page.course import shortlist_table
from commensal.page.figures import (
    Figure,
    arm_figures,
    capability,
    course_figures,
    diversity,
    features,
    gene_sets,
    left_out_words,
    levels,
    ordination,
    pathway,
    preparation_figures,
    preparation_told,
    private_figures,
    producers,
    quality_tables,
    reads_figures,
    reversal,
    severity,
    survival_figures,
    to_files,
    triangulation,
    volcano,
)
from commensal.page.figures.composition import SPECIES_DARK
from commensal.page.figures.drawn import CONFIG, DARK, DARK_COLOURS
from commensal.page.found import sentences, tiles
from commensal.page.found_mediators import is_mediators, rank_table
from commensal.page.methods import methods
from commensal.page.omitted import dropped_groups, mismatches, status_counts
from commensal.page.payload import estimates_payload, pack_rows, script_json
from commensal.page.view import Group, PageView, group_keys, groups
from commensal.page.words import count, many, number, plural, sentence

if TYPE_CHECKING:
    from jinja2 import Environment

#: Above so many marks a panel is drawn on a canvas, which stays quick, not as SVG elements.
MOST_SVG = 1500
#: The page's own script, in parts.
SCRIPTS = ("common.js", "raw.js", "chain.js", "claims.js", "page.js")
SECTIONS = (
    ("claims", "Claims: microbe, molecule, outcome"),
    ("asked", "What was asked"),
    ("found", "What was found"),
    ("figures", "Figures"),
    ("reads", "Samples of reads"),
    ("preparation", "Preparation of molecules"),
    ("estimates", "All estimates"),
    ("design", "What a reviewer would ask of this design"),
    ("methods", "Methods"),
    ("checklists", "Checklists for reviewers"),
    ("omitted", "Everything left out, and why"),
    ("provenance", "Where this comes from"),
)
#: Of mediators, the arms of a table are drawn one by one where they are no more.
FEW_ARMS = 2
ICONS = {"error": "✖", "warning": "▲", "note": "●"}


def write(view: PageView, out: Path) -> Path:
    """Write ``out/report.html``, ``out/methods.bib`` and ``out/figures/*.svg`` and ``*.pdf``.

    Parameters
    ----------
    view
        What the page draws and words; it computes nothing.
    out
        Folder; made where it does not exist. Figures of an earlier run in it are replaced.

    Returns
    -------
    pathlib.Path
        The page. The same view gives the same bytes of page and SVG (a PDF's objects may change their order).

    Raises
    ------
    OutputError
        The folder cannot be written. A figure that cannot be drawn is said on the page, which goes on without it.

    Examples
    --------
    >>> import tempfile
    >>> from commensal.study import Study
    >>> from commensal.tables import estimates, points
    >>> with tempfile.TemporaryDirectory() as out:
    ...     write(PageView(Study(Path("study.toml"), "empty"), estimates(), points()), Path(out)).name
    'report.html'
    """
    cut = list(groups(view.study, view.estimates))
    of_reads, prepared = reads_figures(view.points), preparation_figures(view.points)
    drawn = _numbered([*of_reads, *prepared, *_figures(view, cut)])
    folder = out / "figures"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for old in (*folder.glob("[0-9][0-9]-*.svg"), *folder.glob("[0-9][0-9]-*.pdf")):
            old.unlink()
        drawn = [to_files(figure, folder) for figure in drawn]
        page = out / "report.html"
        page.write_text(_html(view, cut, drawn, (len(of_reads), len(prepared))), encoding="utf-8", newline="\n")
        _write_references(methods(view)[1], out / "methods.bib")
    except OSError as error:
        raise OutputError(
            "the page cannot be written", where=str(out), found=error, mend="choose a folder that can be written"
        ) from error
    return page


def _write_references(references: list[str], path: Path) -> None:
    """Write what the methods rest on as BibTeX; where they rest on nothing there is no file."""
    if references:
        path.write_text(bibtex(references) + "\n", encoding="utf-8", newline="\n")
    else:
        path.unlink(missing_ok=True)  # of an earlier run


def _figures(view: PageView, cut: list[Group]) -> list[Figure]:
    """Draw every group that has something to draw, in the order of Estimates; of several questions each by name."""
    from dataclasses import replace

    keys = pd.Series(group_keys(view.points), index=view.points.index, dtype=object)
    several = len({group.question for group in cut}) > 1
    drawn: list[Figure] = []
    for group in cut:
        own = _figures_of(view, group, view.points[keys == group.key])
        drawn += [replace(one, title=f"{group.question}: {one.title}") for one in own] if several else own
    return drawn


def _figures_of(view: PageView, group: Group, own: pd.DataFrame) -> list[Figure]:
    """Draw one group, with the points that are its own."""
    drawn = [*survival_figures(group, own), *capability(own, group.name), *private_figures(group, own)]
    if group.kind in ARM_KINDS:
        return [*drawn, *arm_figures(group, own, view.study), *_arm_volcanoes(group)]
    if group.kind == "course":
        return [*drawn, *course_figures(group, own)]
    if is_mediators(group):
        return [*drawn, *triangulation(group, own), *(_arm_volcanoes(group) if len(group.terms) <= FEW_ARMS else [])]
    drawn += [*ordination(group, own), *diversity(group, own), *volcano(group), *features(group, own)]
    drawn += [*levels(group, own), *severity(group, own), *pathway(group, own), *producers(group, own)]
    return [*drawn, *gene_sets(group), *reversal(group, own)]


def _table(group: Group) -> dict[str, object] | None:
    """Return the table that a question of this kind begins with."""
    if group.kind == "course":
        return shortlist_table(group)
    if is_mediators(group):
        return rank_table(group)
    return verdict_table(group) if group.kind in ARM_KINDS else None


def _arm_volcanoes(group: Group) -> list[Figure]:
    """Draw the features of each arm by themselves."""
    from dataclasses import replace

    terms = group.rows.loc[group.rows["model"] == "abundance", "term"].dropna().unique()
    parts = [
        replace(group, rows=group.rows[group.rows["term"] == term], name=f"{group.name}, {term}", case=term, block="")
        for term in terms
    ]
    return [figure for part in parts for figure in volcano(part)]


def _numbered(drawn: list[Figure]) -> list[Figure]:
    """Give files a number: in the order of the page, and unique whatever the names are."""
    from dataclasses import replace

    return [replace(figure, name=f"{i:02d}-{figure.name}") for i, figure in enumerate(drawn, start=1)]


def _html(view: PageView, cut: list[Group], drawn: list[Figure], first: tuple[int, int]) -> str:
    script, bundle = "".join(map(asset, SCRIPTS)), (bundle_script() if drawn else "")
    several = len({group.question for group in cut}) > 1
    told, references = methods(view)
    said = [sentences(group) for group in cut]
    argued, (n_of_reads, n_prepared) = claims_section(view), first
    quality, prepared = quality_tables(view.points), preparation_told(view.points)
    lists = checklists_section(view.checklists)
    some = {"checklists": lists, "claims": argued, "reads": n_of_reads or quality, "preparation": prepared}
    absent = {name for name, there in some.items() if not there}
    environment = template_environment()
    context: dict[str, Any] = {
        "policy": policy([part for part in (bundle, script) if part]),
        "title": view.study.title or view.study.name,
        "subtitle": _subtitle(view, cut),
        "sections": [(name, title) for name, title in SECTIONS if name not in absent],
        "headings": dict(SECTIONS),
        "asked": asked(view, cut),
        "argued": argued,
        "checklists": lists,
        "found": [
            {
                "question": group.question,
                "first": all(other.question != group.question for other in cut[:at]),
                "heading": f"{group.question}: {group.name}" if several else group.name,
                "tiles": tiles(group),
                "terms": own,
                "table": _table(group),
            }
            for at, (group, own) in enumerate(zip(cut, said, strict=True))
        ],
        "contents": _contents(view, cut, said),
        "of_arms": all(group.kind in ARM_KINDS for group in cut),
        "figures": drawn,
        "n_of_reads": n_of_reads,
        "quality": quality,
        "prepared": prepared,
        "n_prepared": n_prepared,
        "n_estimates": len(view.estimates),
        "private": view.private,
        "hidden": left_out_words(tuple(view.hidden)),
        "findings": view.findings,
        "n_errors": sum(finding.severity == "error" for finding in view.findings),
        "icons": ICONS,
        "methods": told,
        "references": references,
        "bib": "data:application/x-bibtex;base64," + base64.b64encode(bibtex(references).encode()).decode(),
        "dropped": dropped_groups(view.dropped),
        "mismatches": mismatches(view.matches),
        "statuses": status_counts(view.estimates),
        "provenance": {"version": view.provenance.get("version", "")},
        "facts": _facts(view.provenance),
        "inputs": view.provenance.get("inputs", ()),
        # our own files, and JSON that script_json has made safe: the only text that is not escaped
        "style": Markup(asset("style.css") + asset("claims.css")),  # noqa: S704
        "script": Markup(script),  # noqa: S704
        "bundle": Markup(bundle),  # noqa: S704
        "claims_json": Markup(script_json(argued["payload"] if argued else {})),  # noqa: S704
        "estimates_json": Markup(script_json(estimates_payload(view.estimates))),  # noqa: S704
        "figures_json": Markup(script_json(figures_payload(drawn))),  # noqa: S704
    }
    return environment.from_string(asset("figure.html.j2") + asset("report.html.j2")).render(context) + "\n"


def template_environment() -> Environment:
    """Return where templates are filled in: everything is escaped, and what is not given is an error."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=False)
    environment.filters |= {
        "grouped": count, "plural": plural, "capfirst": _capital, "tight": _tight, "code": _code,
    }  # fmt: skip
    return environment


def _contents(view: PageView, cut: list[Group], said: list[list[tuple[str, list[str]]]]) -> list[dict[str, Any]]:
    """Return, question by question, where its groups stand and the first sentence of each."""
    told: dict[str, dict[str, Any]] = {}
    for at, (group, terms) in enumerate(zip(cut, said, strict=True), start=1):
        lines = [line for _, own in terms for line in own]
        kind = view.study.questions[group.question].kind if group.question in view.study.questions else ""
        one = told.setdefault(
            group.question,
            {"question": group.question, "anchor": f"found-{at}", "asks": KIND_WORDS.get(kind, ""), "groups": []},
        )
        one["groups"].append((f"found-{at}", group.name, _first_said(lines)))
    return list(told.values())


def _first_said(lines: list[str]) -> str:
    """Return the conclusion of a group: its first sentence, and of verdicts level by level all of them."""
    verdicts = [line for line in lines if "by the primary outcomes" in line.casefold()]
    if verdicts:
        return " ".join(verdicts)
    first = lines[0] if lines else "Nothing was estimated here."
    return re.split(r"(?<=[\w)]{2}\.) (?=[A-Z])", first, maxsplit=1)[0]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _code(text: str) -> Markup:
    """Escape a text, and set what stands between backticks as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704


def _tight(text: str) -> str:
    """Keep a number with its sign of relation and its per cent on one line."""
    return re.sub(r"\b([pqF]) ([=<]) (?=\d)", "\\1\u00a0\\2\u00a0", re.sub(r"(?<=\d) %", "\u00a0%", text))


def _subtitle(view: PageView, cut: list[Group]) -> str:
    assays = len({group.assay for group in cut})
    sizes = {"question": len(view.study.questions), "assay": assays, "estimate": len(view.estimates)}
    return sentence(f"study {view.study.name}: {', '.join(many(n, word) for word, n in sizes.items())}")


def policy(scripts: list[str]) -> str:
    """Return a Content-Security-Policy that runs these inline scripts and nothing else, and forbids the network.

    Vega compiles its own expressions with ``Function``, hence ``unsafe-eval``; markup from data still cannot run,
    because only scripts with these hashes do.

    Examples
    --------
    >>> policy(["1"]).split("; ")[0]
    "default-src 'none'"
    """
    hashes = [f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in scripts]
    rules = {
        "default-src": "'none'",
        "script-src": " ".join([*hashes, "'unsafe-eval'"]),
        "style-src": "'unsafe-inline'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def figures_payload(drawn: Sequence[Figure]) -> dict[str, object]:
    """Return the figures as the script draws them."""
    return {
        "config": CONFIG,
        "dark": DARK,
        "dark_colours": DARK_COLOURS | SPECIES_DARK,
        "most_svg": MOST_SVG,
        "figures": [
            {
                "name": figure.name,
                "title": figure.title,
                "marks": figure.marks,
                "columns": figure.columns,
                "rows": pack_rows([{key: row.get(key) for key in figure.columns} for row in figure.rows]),
                "panels": [
                    {
                        "spec": panel.spec,
                        "height": panel.height,
                        "data": {name: pack_rows(rows) for name, rows in panel.data.items()},
                    }
                    for panel in figure.panels
                ],
            }
            for figure in drawn
        ],
    }


def _facts(provenance: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return the lines of the provenance table; what is not known is not shown."""
    facts = []
    for key, name in (
        ("version", "commensal"),
        ("command", "Command"),
        ("started", "Started"),
        ("seconds", "Seconds"),
        ("seed", "Seed"),
        ("python", "Python"),
    ):
        if provenance.get(key) is not None:
            value = provenance[key]
            facts.append((name, number(value) if key == "seconds" else str(value)))
    packages = provenance.get("packages")
    if isinstance(packages, Mapping) and packages:
        facts.append(("Packages", ", ".join(f"{name} {version}" for name, version in packages.items())))
    return facts


def asset(name: str) -> str:
    """Return the text of one of the page's own files."""
    return (files("commensal.page") / "assets" / name).read_text(encoding="utf-8")


@cache
def bundle_script() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one script that an HTML parser cannot end early."""
    import vl_convert

    make: Any = vl_convert.javascript_bundle  # its stub asks for an argument that it does not need
    bundle = str(make()).replace("\r\n", "\n")
    return bundle.replace("</script", r"<\/script").replace("<!--", r"<\!--")
