"""The study file of a simulated cohort."""

STUDY = """\
# A household cohort, simulated: every number is invented, and truth.json says what was planted.

[study]
name = "simulated-cohort"
title = "Gut microbes and serum molecules of patients and of those they live with (simulated)"
time_unit = "day"

[design]                                       # what a reviewer asks; "unknown" is an answer, silence is a finding
randomised = "not randomised: observational"
blinded = ["species", "serum"]
exclusions = "none"
primary = ["species", "serum"]

[tables.samples]                               # one row per specimen
file = "samples.tsv"
columns = { sample = "sample", subject = "person", time = "day" }

[tables.phenotypes]                            # visits of the patients
file = "visits.tsv"
columns = { subject = "person", time = "day" }

[tables.subjects]                              # one row per person
file = "people.tsv"
columns = { subject = "person", disease = "group" }

[variables.disease]
type = "category"
reference = "household member"                 # always written, never guessed

[variables.sex]
type = "category"
reference = "F"

[variables.relation]
type = "category"
reference = "self"

[variables.age]
type = "number"
unit = "years"

[variables.bmi]
type = "number"
unit = "kg/m2"

[variables.fibre]
type = "number"
unit = "g/day"

[variables.years_together]
type = "number"
unit = "years"

[assays.species]
kind = "taxa"
file = "species.tsv"
value = "counts"
specimen = "stool"
tree = "tree.nwk"
features = { columns = ["family", "phylum"] }  # annotation columns inside the table

[assays.serum]
kind = "metabolites"
file = "serum.tsv"
value = "intensity"
specimen = "serum"
zero = "below_detection"                       # a 0 is a molecule not seen, not an amount of nothing
features = { file = "serum_features.tsv", id = "id", label = "name" }

[assays.genes]                                 # also split by species (K00278|Akkermansia muciniphila)
kind = "genes"
file = "genes.tsv"
value = "absolute"
unit = "copies per genome"
specimen = "stool"
features = { columns = ["name"] }

[assays.csf]                                   # a targeted panel
kind = "metabolites"
file = "csf.tsv"
value = "concentration"
unit = "nmol/L"
specimen = "csf"
zero = "below_detection"

[measures.alsfrs]                              # the functional score: 48 is full function
better = "higher"
kind = "score"
unit = "point"

[contrasts.als_vs_neurological]                # nobody's relatives give cerebrospinal fluid
column = "disease"
case = "ALS"
control = "neurological control"

[contrasts.als_vs_household]
column = "disease"
case = "ALS"
control = "household member"

[questions.patients]
kind = "cohort"
contrast = "als_vs_household"
assays = ["species", "serum", "genes", "csf"]
block = ["household"]                          # patients are compared with those they live with
covariates = @COVARIATES@
targeted = ["nicotinamide", "kynurenine"]      # chosen before looking: a family of their own
controls = { csf = "als_vs_neurological" }     # this specimen has other controls
severity = { measure = "alsfrs", at = "nearest" }
producers = { taxa = "species", molecules = ["serum"] }
"""
