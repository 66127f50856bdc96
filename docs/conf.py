"""Sphinx: the guide in Markdown, the reference from docstrings."""

import re
from importlib.metadata import version as installed

from commensal.knowledge.terms import GROUPS, terms
from commensal.tables import STATUSES, WITH_P

project = "commensal"
author = "The commensal developers"
copyright = author
release = version = installed("commensal")

extensions = [
    "myst_nb",  # Markdown, and notebooks of Markdown that are run when the pages are built
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "numpydoc",
]
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath", "substitution"]
myst_substitutions = {
    "statuses": "\n".join(
        ["| status | meaning | p |", "|---|---|---|"]
        + [f"| `{name}` | {text} | {'kept' if name in WITH_P else 'none'} |" for name, text in STATUSES.items()]
    ),
    "glossary": "\n\n".join(
        f"## {heading}\n\n"
        + "\n\n".join(f"**{one.name}**: {one.meaning}" for one in terms().values() if one.group == group)
        for group, heading in GROUPS.items()
    ),
}
myst_heading_anchors = 3
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_merge_streams = True
source_suffix = {".md": "myst-nb"}
exclude_patterns = ["_build"]

# Members are listed by the reference pages themselves.
autosummary_generate = False
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
add_module_names = False

html_theme = "furo"
html_title = f"commensal {release}"
html_copy_source = False
html_show_sphinx = False


def _absolute_values(_app, _what, _name, _object, _options, lines):
    """Let |x| in a docstring be an absolute value: to reStructuredText it is a substitution."""
    in_math = False
    for i, line in enumerate(lines):
        if line.strip():
            in_math = line.lstrip().startswith(".. math::") or (in_math and line.startswith(" "))
        if not in_math and ">>>" not in line:
            lines[i] = re.sub(r"\|([^|`\s][^|`]*)\|", r"\\|\1\\|", line)


def setup(app):
    """Register what this file adds to Sphinx."""
    app.connect("autodoc-process-docstring", _absolute_values, priority=900)
