"""Gene → KO by a user's own HMMER profiles, searched with pyhmmer."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from commensal.errors import FormatError, TableError, UsageError
from commensal.reads.annotation_files import KO, Hit
from commensal.reads.needs import needed
from commensal.reads.reference_fasta import Genome
from commensal.reads.reference_genes import Gene, text_lines

#: The genetic code of bacteria and archaea (NCBI's table 11) in the order TCAG; starts are read as M.
_CODE = "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG"
_CODONS = {
    a + b + c: _CODE[16 * i + 4 * j + k]
    for i, a in enumerate("TCAG")
    for j, b in enumerate("TCAG")
    for k, c in enumerate("TCAG")
}
_STARTS = {"ATG", "GTG", "TTG", "CTG", "ATT", "ATC", "ATA"}
_PAIR = bytes.maketrans(b"ACGTRYKMBVDHSWN", b"TGCAYRMKVBHDSWN")


@dataclass(frozen=True, slots=True)
class Profiles:
    """Profiles by KO, each with the bit score that a hit must reach, in the whole sequence or in its best domain."""

    profiles: tuple[Any, ...]
    thresholds: dict[str, tuple[float, str]]

    def search(self, genome: Genome, genes: Sequence[Gene]) -> list[Hit]:
        """Search the genes' proteins; one entry for each gene and profile that reaches its threshold."""
        hmmer, easel = needed("pyhmmer"), needed("pyhmmer.easel")
        alphabet = easel.Alphabet.amino()
        contigs = dict(zip(genome.ids, genome.contigs, strict=True))
        digital = []
        for gene in genes:
            protein = translate(contigs, gene)
            if len(protein) > 10:
                digital.append(easel.TextSequence(name=gene.gene.encode(), sequence=protein).digitize(alphabet))
        block = easel.DigitalSequenceBlock(alphabet, digital)
        found = []
        for profile, hits in zip(self.profiles, hmmer.hmmsearch(self.profiles, block, cpus=1, E=10.0), strict=True):
            name = profile_name(profile)
            least, kind = self.thresholds[name]
            for hit in hits:
                score = hit.score if kind == "full" else hit.best_domain.score
                if score >= least:
                    found.append(Hit(_text(hit.name), "KO", name, "pyhmmer", float(score)))
        return found


def _text(name: Any) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)


def profile_name(profile: Any) -> str:
    """Return the KO number that a profile is named by, or ""."""
    found = KO.search(_text(profile.name)) or (KO.search(_text(profile.accession)) if profile.accession else None)
    return found[0] if found else ""


def translate(contigs: dict[str, bytes], gene: Gene) -> str:
    """Translate a gene by the bacterial code, without its stop; empty when its place is not known.

    Examples
    --------
    >>> translate({"c": b"CCGTGAAATAGCC"}, Gene("g", "c", 3, 11, "+", 9, None, "gff"))
    'MK'
    """
    if gene.contig not in contigs or gene.start is None or gene.end is None:
        return ""
    part = contigs[gene.contig][gene.start - 1 : gene.end]
    if gene.strand == "-":
        part = part.translate(_PAIR)[::-1]
    bases = part.decode()
    codons = [bases[at : at + 3] for at in range(0, len(bases) - 2, 3)]
    protein = "".join(_CODONS.get(codon, "X") for codon in codons)
    if codons and codons[0] in _STARTS:
        protein = "M" + protein[1:]
    return protein.removesuffix("*").replace("*", "X")


def find_profiles(given: Path | str | Sequence[Path | str]) -> tuple[Path, ...]:
    """List the ``.hmm`` files of folders and files."""
    roots = [Path(given)] if isinstance(given, str | Path) else [Path(one) for one in given]
    found: list[Path] = []
    for root in roots:
        if not root.exists():
            raise UsageError("there is no such file or folder", found=root, mend="check the path")
        found += [root] if root.is_file() else sorted(root.rglob("*.hmm"))
    if not found:
        raise TableError("there is no profile", where=", ".join(map(str, roots)), expected="files that end with .hmm")
    return tuple(found)


@cache
def read_profiles(paths: tuple[Path, ...], thresholds: Path | None = None) -> Profiles:
    """Read profiles named by KO, and what their hits must reach.

    That is the threshold in KofamScan's ``ko_list``, else the gathering cutoff in the profile. A profile without any
    threshold is refused: its hits would be guesses.

    Raises
    ------
    FormatError
        A file is no profile, a profile is named by no KO or has no threshold.
    """
    plan7 = needed("pyhmmer.plan7")
    table = _ko_list(thresholds) if thresholds else {}
    profiles, least = [], {}
    for path in paths:
        try:
            with plan7.HMMFile(str(path)) as file:
                own = list(file)
        except (ValueError, OSError, EOFError) as error:
            raise FormatError(
                "this is no HMMER profile", where=path.name, found=error, expected="a .hmm file of HMMER 3"
            ) from error
        for profile in own:
            name = profile_name(profile)
            if not name:
                raise FormatError(
                    "a profile is named by no KO number",
                    where=path.name,
                    found=_text(profile.name),
                    expected="a name like K00278",
                    mend="name the profiles by KO, as KofamScan's are",
                )
            gathering = profile.cutoffs.gathering
            if name in table:
                least[name] = table[name]
            elif gathering is not None:
                least[name] = (float(gathering[0]), "full")
            else:
                raise FormatError(
                    "a profile has no threshold",
                    where=path.name,
                    found=name,
                    expected="a line in ko_list, or a gathering cutoff (GA)",
                    mend="give KofamScan's ko_list with --thresholds",
                )
            profiles.append(profile)
    return Profiles(tuple(profiles), least)


def _ko_list(path: Path) -> dict[str, tuple[float, str]]:
    rows = list(csv.reader(text_lines(path), delimiter="\t"))
    if not rows or rows[0][:3] != ["knum", "threshold", "score_type"]:
        raise FormatError("this is no ko_list", where=path.name, expected="a first line knum, threshold, score_type …")
    found = {}
    for row in rows[1:]:
        if len(row) > 2 and row[1] not in ("", "-"):
            found[row[0]] = (float(row[1]), "domain" if row[2] == "domain" else "full")
    return found
