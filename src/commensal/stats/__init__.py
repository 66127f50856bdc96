"""Statistics: pure functions from arrays to frozen results; nothing here knows a study."""

from commensal.stats.centroids import block_centroids
from commensal.stats.dispersion import DispersionFit, permdisp
from commensal.stats.distances import aitchison, bray_curtis, euclidean, zero_replacement
from commensal.stats.diversity import even_depth, rarefied_richness, shannon
from commensal.stats.fits import Fit, SplitFit
from commensal.stats.label_permutation import label_p
from commensal.stats.linear import linear
from commensal.stats.logrank import LogRankFit, log_rank
from commensal.stats.many_to_one import ManyToOneFit, log_rank_many_to_one
from commensal.stats.mixed import mixed, mixed_split
from commensal.stats.multiplicity import bh
from commensal.stats.ordination import Ordination, pcoa
from commensal.stats.permanova import PermanovaFit, permanova
from commensal.stats.permutation import Permutations, count_arrangements, is_mirrored, permutations, smallest_p
from commensal.stats.phylogeny import faith_pd, is_rooted, rarefied_faith_pd, unifrac
from commensal.stats.reference_frame import ReferenceFrame, against, reference_frame
from commensal.stats.separation import separated_p

__all__ = [
    "DispersionFit",
    "Fit",
    "LogRankFit",
    "ManyToOneFit",
    "Ordination",
    "PermanovaFit",
    "Permutations",
    "ReferenceFrame",
    "SplitFit",
    "against",
    "aitchison",
    "bh",
    "block_centroids",
    "bray_curtis",
    "count_arrangements",
    "euclidean",
    "even_depth",
    "faith_pd",
    "is_mirrored",
    "is_rooted",
    "label_p",
    "linear",
    "log_rank",
    "log_rank_many_to_one",
    "mixed",
    "mixed_split",
    "pcoa",
    "permanova",
    "permdisp",
    "permutations",
    "rarefied_faith_pd",
    "rarefied_richness",
    "reference_frame",
    "separated_p",
    "shannon",
    "smallest_p",
    "unifrac",
    "zero_replacement",
]
