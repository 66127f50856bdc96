"""What the page has no cell for, by name, and why: not meant for a design, or held elsewhere."""

from __future__ import annotations

#: Estimator, the designs without a cell, why and where to look.
APART: tuple[tuple[str, str, str], ...] = (
    ("linear, moderated, linear_f", "any units", "they know no units: `mixed` and its kin do"),
    ("linear_contrasts, mixed_contrasts", "all", "`linear` and `mixed`, several contrasts at a time: the same p"),
    ("mixed_split", "cages in arms", "nothing varies inside a cage: `mixed`"),
    ("mixed_split", "its row `between`", "its label is a share of the household: `cohort` on rearranged labels"),
    ("mixed, mixed_f, mixed_kenward_roger", "no units", "without units these are `linear` and `linear_f`"),
    ("mixed_f", "households", "one contrast of it is `mixed`, which is on this page with what it does there"),
    ("variance_test", "cages in arms", "the likelihood is that of households, with the arm inside"),
    ("mixed_nested", "fewer than two mice a cage", "a mouse that is a cage is one level: `mixed`"),
    ("mixed_slope", "60 per arm; cages", "slow at 60; it has one level of units, cages above mice have none"),
    ("logistic, firth", "any units", "they know no units: `logistic_mixed`, `conditional_logistic`"),
    (
        "logistic_mixed",
        "60 per arm; present in 10 %; 2 or 4 cages",
        "slow: [logistic](decisions/logistic.md)",
    ),
    ("conditional_logistic", "cages in arms", "a cage of one arm tells nothing: no p there, and the note says so"),
    ("separated_p", "all", "`label_p` where presence separates: all arrangements of the label"),
    ("all by permutation", "units without a variance of their own", "more is exchangeable, and the rule is the same"),
    ("permanova and others by permutation", "60 per arm in 2 or 4 cages", "whole cages move: as with 20"),
    ("set_rotation, set_competitive", "any units", "they know no units: `set_permutation`"),
    ("set tests", "60 per arm", "[sets](decisions/sets.md) has more cells"),
    ("associate", "cages in arms", "cages are blocks there as households are, and no label is involved"),
    ("associated_blocks", "all", "searched over blocks of pairs: [association](decisions/association.md)"),
    ("dunnett", "60 per arm in 2 to 4 cages; households", "cages count, not mice; see also many_to_one"),
    ("dunnett", "variances taken as unequal, 2 cages per arm", "each of one degree of freedom, two seconds a study"),
    ("many_to_one", "all", "`dunnett` from means and their covariance: [multiplicity](decisions/multiplicity.md)"),
    ("log_rank, cox", "cages in arms", "`log_rank_many_to_one`; `cluster_cox_size` says what the sandwich is worth"),
    ("survival", "households", "no such study is foreseen: labels of one cage differ in none of them"),
    ("storey", "correlated p", "its level is proved for independent p: `by`"),
    ("adafilter", "lines that depend", "for independent lines only: `claim_strength`"),
    ("adafilter", "error `fdr`", "held as the number of features grows: [multiplicity](decisions/multiplicity.md)"),
    ("simes, strength_p", "all", "the parts that `hierarchical` and `claim_strength` are made of"),
    ("partial_conjunction_if_independent_fisher", "all", "`tests/stats/test_partial_conjunction.py`"),
    ("partial_conjunction_if_positive_simes", "all", "`tests/stats/test_partial_conjunction.py`"),
    ("against", "all", "taxa measured from the median one: `cohort` on rearranged labels"),
)

#: Functions without a p of their own.
WITHOUT_P = frozenset(
    [
        "aitchison",
        "block_centroids",
        "bray_curtis",
        "cafs",
        "cluster_cox_size",
        "count_arrangements",
        "euclidean",
        "even_depth",
        "faith_pd",
        "is_mirrored",
        "is_rooted",
        "kaplan_meier",
        "moderate",
        "null_share",
        "pcoa",
        "permutations",
        "permuted_rows",
        "rarefied_faith_pd",
        "rarefied_richness",
        "reference_frame",
        "shannon",
        "smallest_p",
        "unifrac",
        "zero_replacement",
    ]
)
