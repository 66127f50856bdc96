"""Statistics: pure functions from arrays to frozen results; nothing here knows a study."""

from commensal.stats._logistic_result import LogisticFit
from commensal.stats._pair_fit import OutcomeFit
from commensal.stats._scores import ScoreTestFit
from commensal.stats._sets import SetFit
from commensal.stats.adafilter import AdaFilterFit, adafilter
from commensal.stats.arm_contrasts import arm_contrasts, arm_interactions, subject_levels
from commensal.stats.arm_ranks import RankFit, arm_ranks
from commensal.stats.association import Associations, associate
from commensal.stats.association_blocks import AssociatedBlocks, associated_blocks
from commensal.stats.censored import censored_contrasts, censored_mixed
from commensal.stats.centroids import block_centroids
from commensal.stats.conditional import conditional_logistic
from commensal.stats.consensus import ConsensusFit, consensus
from commensal.stats.control_quality import ControlQuality, control_quality
from commensal.stats.counts import count_contrasts, count_mixed
from commensal.stats.course import CourseFit, course_contrasts
from commensal.stats.course_classes import CourseClasses, course_classes
from commensal.stats.cox import CoxFit, cox
from commensal.stats.cox_size import CoxSize, cluster_cox_size, gated
from commensal.stats.cumulative_link import cumulative_link_contrasts, cumulative_link_mixed
from commensal.stats.departure import DepartureFit, departure
from commensal.stats.differential_abundance import differential
from commensal.stats.differential_fit import DifferentialFit, FeatureTests
from commensal.stats.dispersion import DispersionFit, permdisp
from commensal.stats.distances import aitchison, bray_curtis, euclidean, zero_replacement
from commensal.stats.diversity import even_depth, rarefied_richness, shannon
from commensal.stats.drift import DriftFit, batch_medians, qc_drift
from commensal.stats.fill_in import half_minimum, qrilc
from commensal.stats.fits import ContrastsFit, Fit, FTest, NestedFit, SlopeFit, SplitFit, VarianceTest
from commensal.stats.function_survival import CafsFit, CafsScores, cafs, cafs_test
from commensal.stats.global_test import GlobalFit, global_test
from commensal.stats.hazards_check import HazardsCheck, proportional_hazards
from commensal.stats.hierarchical import HierarchicalFit, hierarchical
from commensal.stats.hypotheses import linear_contrasts, linear_f, mixed_contrasts, mixed_f
from commensal.stats.imputations import PooledFit, pooled
from commensal.stats.incidence import (
    IncidenceDifference,
    IncidenceFit,
    cumulative_incidence,
    incidence_difference,
)
from commensal.stats.incidence_test import incidence_test
from commensal.stats.influence import LeftOut, left_out_correlations, left_out_slopes
from commensal.stats.interval_censored import IntervalCurves, interval_curves, interval_log_rank
from commensal.stats.joint_test import cauchy_combination
from commensal.stats.kenward_roger import mixed_kenward_roger
from commensal.stats.label_permutation import label_p
from commensal.stats.left_censored import left_censored
from commensal.stats.linda import ancom_bc2, linda, moderated_logs
from commensal.stats.linear import linear
from commensal.stats.logistic import firth, logistic
from commensal.stats.logistic_mixed import LogisticMixedFit, logistic_mixed
from commensal.stats.logrank import LogRankFit, log_rank
from commensal.stats.many_to_one import ManyToOneFit, log_rank_many_to_one
from commensal.stats.maxt import MaxTFit, max_t
from commensal.stats.mediation import MediationFit, mediation
from commensal.stats.mixed import mixed, mixed_split
from commensal.stats.moderation import Moderation, moderate, moderated
from commensal.stats.multiplicity import bh, by, holm, null_share, simes, storey
from commensal.stats.nested import mixed_nested, mixed_nested_contrasts, mixed_nested_f
from commensal.stats.one_control import DunnettFit, dunnett, many_to_one
from commensal.stats.onset import OnsetDistribution, draw_onsets, index_ages, onset_distribution
from commensal.stats.ordination import Ordination, pcoa
from commensal.stats.partial_conjunction import (
    ClaimStrength,
    claim_strength,
    partial_conjunction,
    partial_conjunction_if_independent_fisher,
    partial_conjunction_if_positive_simes,
    strength_p,
)
from commensal.stats.permanova import PermanovaFit, permanova
from commensal.stats.permanova_terms import TermsFit, permanova_terms
from commensal.stats.permutation import Permutations, count_arrangements, is_mirrored, permutations, smallest_p
from commensal.stats.permuted_rows import PermutedRows, permuted_rows
from commensal.stats.phylogeny import faith_pd, is_rooted, rarefied_faith_pd, unifrac
from commensal.stats.reference_frame import ReferenceFrame, against, reference_frame
from commensal.stats.restricted_mean import RmstFit, rmst_difference
from commensal.stats.restricted_mean_terms import RmstInteraction, rmst_interaction
from commensal.stats.restricted_times import restricted_times
from commensal.stats.reversal import ReversalFit, reversal
from commensal.stats.sample_factors import SampleFactors, probabilistic_quotients, standard_factors
from commensal.stats.separation import separated_p
from commensal.stats.set_competitive import set_competitive
from commensal.stats.set_permutation import set_permutation
from commensal.stats.set_rotation import set_rotation
from commensal.stats.shared_effects import SharedFit, shared_effects
from commensal.stats.signflips import SignFlipFit, sign_flips
from commensal.stats.slopes import mixed_slope, mixed_slope_contrasts, mixed_slope_f
from commensal.stats.streaming import Streamed, column_blocks, stream
from commensal.stats.summaries import (
    Crossings,
    SubjectSummary,
    crossings,
    slope_weights,
    subject_areas,
    subject_slopes,
)
from commensal.stats.survival import KaplanMeierFit, kaplan_meier
from commensal.stats.trajectories import TrajectoryFit, trajectories
from commensal.stats.two_part import two_part
from commensal.stats.two_part_blocks import two_part_blocks
from commensal.stats.unit_contrasts import UnitFit, unit_contrasts
from commensal.stats.variance import variance_test
from commensal.stats.wilcoxon import wilcoxon_blocks
from commensal.stats.win_ratio import WinRatioFit, win_ratio

__all__ = [
    "AdaFilterFit",
    "AssociatedBlocks",
    "Associations",
    "CafsFit",
    "CafsScores",
    "ClaimStrength",
    "ConsensusFit",
    "ContrastsFit",
    "ControlQuality",
    "CourseClasses",
    "CourseFit",
    "CoxFit",
    "CoxSize",
    "Crossings",
    "DepartureFit",
    "DifferentialFit",
    "DispersionFit",
    "DriftFit",
    "DunnettFit",
    "FTest",
    "FeatureTests",
    "Fit",
    "GlobalFit",
    "HazardsCheck",
    "HierarchicalFit",
    "IncidenceDifference",
    "IncidenceFit",
    "IntervalCurves",
    "KaplanMeierFit",
    "LeftOut",
    "LogRankFit",
    "LogisticFit",
    "LogisticMixedFit",
    "ManyToOneFit",
    "MaxTFit",
    "MediationFit",
    "Moderation",
    "NestedFit",
    "OnsetDistribution",
    "Ordination",
    "OutcomeFit",
    "PermanovaFit",
    "Permutations",
    "PermutedRows",
    "PooledFit",
    "RankFit",
    "ReferenceFrame",
    "ReversalFit",
    "RmstFit",
    "RmstInteraction",
    "SampleFactors",
    "ScoreTestFit",
    "SetFit",
    "SharedFit",
    "SignFlipFit",
    "SlopeFit",
    "SplitFit",
    "Streamed",
    "SubjectSummary",
    "TermsFit",
    "TrajectoryFit",
    "UnitFit",
    "VarianceTest",
    "WinRatioFit",
    "adafilter",
    "against",
    "aitchison",
    "ancom_bc2",
    "arm_contrasts",
    "arm_interactions",
    "arm_ranks",
    "associate",
    "associated_blocks",
    "batch_medians",
    "bh",
    "block_centroids",
    "bray_curtis",
    "by",
    "cafs",
    "cafs_test",
    "cauchy_combination",
    "censored_contrasts",
    "censored_mixed",
    "claim_strength",
    "cluster_cox_size",
    "column_blocks",
    "conditional_logistic",
    "consensus",
    "control_quality",
    "count_arrangements",
    "count_contrasts",
    "count_mixed",
    "course_classes",
    "course_contrasts",
    "cox",
    "crossings",
    "cumulative_incidence",
    "cumulative_link_contrasts",
    "cumulative_link_mixed",
    "departure",
    "differential",
    "draw_onsets",
    "dunnett",
    "euclidean",
    "even_depth",
    "faith_pd",
    "firth",
    "gated",
    "global_test",
    "half_minimum",
    "hierarchical",
    "holm",
    "incidence_difference",
    "incidence_test",
    "index_ages",
    "interval_curves",
    "interval_log_rank",
    "is_mirrored",
    "is_rooted",
    "kaplan_meier",
    "label_p",
    "left_censored",
    "left_out_correlations",
    "left_out_slopes",
    "linda",
    "linear",
    "linear_contrasts",
    "linear_f",
    "log_rank",
    "log_rank_many_to_one",
    "logistic",
    "logistic_mixed",
    "many_to_one",
    "max_t",
    "mediation",
    "mixed",
    "mixed_contrasts",
    "mixed_f",
    "mixed_kenward_roger",
    "mixed_nested",
    "mixed_nested_contrasts",
    "mixed_nested_f",
    "mixed_slope",
    "mixed_slope_contrasts",
    "mixed_slope_f",
    "mixed_split",
    "moderate",
    "moderated",
    "moderated_logs",
    "null_share",
    "onset_distribution",
    "partial_conjunction",
    "partial_conjunction_if_independent_fisher",
    "partial_conjunction_if_positive_simes",
    "pcoa",
    "permanova",
    "permanova_terms",
    "permdisp",
    "permutations",
    "permuted_rows",
    "pooled",
    "probabilistic_quotients",
    "proportional_hazards",
    "qc_drift",
    "qrilc",
    "rarefied_faith_pd",
    "rarefied_richness",
    "reference_frame",
    "restricted_times",
    "reversal",
    "rmst_difference",
    "rmst_interaction",
    "separated_p",
    "set_competitive",
    "set_permutation",
    "set_rotation",
    "shannon",
    "shared_effects",
    "sign_flips",
    "simes",
    "slope_weights",
    "smallest_p",
    "standard_factors",
    "storey",
    "stream",
    "strength_p",
    "subject_areas",
    "subject_levels",
    "subject_slopes",
    "trajectories",
    "two_part",
    "two_part_blocks",
    "unifrac",
    "unit_contrasts",
    "variance_test",
    "wilcoxon_blocks",
    "win_ratio",
    "zero_replacement",
]
