# Rscript real.R DATA OUT : references on jacobs2016 and kostic2015 (see README.md).
args <- commandArgs(trailingOnly = TRUE)
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
source(file.path(here, "common.R"))
data <- args[1]; out <- args[2]

read_wide <- function(study, name) {
  table <- read.delim(file.path(data, study, name), check.names = FALSE, quote = "", stringsAsFactors = FALSE)
  list(sample = table$Sample, values = as.matrix(table[, -1]))
}
log2_present <- function(x) { x[!is.na(x) & x <= 0] <- NA; log2(x) }

all_features <- function(y, meta, formula, terms, split, file) {
  rows <- lapply(seq_len(ncol(y)), function(j) {
    keep <- !is.na(y[, j])
    if (sum(keep) < 3) return(NULL)
    frame <- meta[keep, ]; frame$y <- y[keep, j]
    if (split) frame <- split_label(frame)
    fit_terms(frame, formula, terms, j - 1)     # counted from 0, in the file's order
  })
  save_table(rows, file.path(out, file))
}

meta_of <- function(study, sample, make) {
  meta <- read.delim(file.path(data, study, "metadata.tsv.gz"), quote = "", stringsAsFactors = FALSE)
  make(meta[match(sample, meta$Sample), ])
}
jacobs <- function(m) data.frame(label = as.numeric(m$Study.Group != "Normal"), group = m$Family_ID,
                                 female = as.numeric(m$Gender == "Female"))
kostic <- function(m) data.frame(label = as.numeric(m$Study.Group == "case"), group = m$Subject)

genera <- read_wide("kostic2015", "genera.tsv.gz")
all_features(log2_present(genera$values), meta_of("kostic2015", genera$sample, kostic),
             y ~ label + (1 | group), "label", FALSE, "kostic2015.genera.tsv.gz")
mtb <- read_wide("kostic2015", "mtb.tsv.gz")
all_features(log2_present(mtb$values), meta_of("kostic2015", mtb$sample, kostic),
             y ~ label + (1 | group), "label", FALSE, "kostic2015.metabolites.tsv.gz")
genera <- read_wide("jacobs2016", "genera.tsv.gz")
meta <- meta_of("jacobs2016", genera$sample, jacobs)
all_features(log2_present(genera$values), meta, y ~ x_w + x_b + (1 | group), c("x_w", "x_b"), TRUE,
             "jacobs2016.genera.tsv.gz")
all_features(log2_present(genera$values), meta, y ~ x_w + female + x_b + (1 | group), c("x_w", "x_b"), TRUE,
             "jacobs2016.genera.gender.tsv.gz")
mtb <- read_wide("jacobs2016", "mtb.tsv.gz")
all_features(log2_present(mtb$values), meta_of("jacobs2016", mtb$sample, jacobs),
             y ~ x_w + x_b + (1 | group), c("x_w", "x_b"), TRUE, "jacobs2016.molecules.tsv.gz")
