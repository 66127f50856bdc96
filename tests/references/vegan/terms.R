# References for commensal.stats.permanova_terms. Usage: Rscript terms.R small|jacobs2016 OUT.tsv [DATA_DIR]
# Every row: model, term, F, R2, Df, Df of the residual, p; numbers with 17 digits.
suppressPackageStartupMessages({library(vegan); library(permute)})
args <- commandArgs(trailingOnly = TRUE)
which <- args[1]; out <- args[2]; here <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
NPERM <- 9999; rows <- list()
put <- function(model, fit) for (term in setdiff(rownames(fit), c("Residual", "Total"))) rows[[length(rows) + 1]] <<-
  data.frame(model, term, F = fit[term, "F"], R2 = fit[term, "R2"], Df = fit[term, "Df"], Df2 = fit["Residual", "Df"],
             p = fit[term, "Pr(>F)"])
set.seed(1)
if (which == "small") {
  t <- read.delim(file.path(here, "small.tsv")); counts <- as.matrix(t[, -(1:5)]); d <- vegdist(counts / rowSums(counts), "bray")
  t$diet <- factor(c("a", "b", "c")[1 + (seq_len(nrow(t)) - 1) %% 3]); t$block <- factor(t$block)
  within <- how(nperm = NPERM, blocks = t$block)
  for (by in c("terms", "margin")) {
    put(paste("free", by), adonis2(d ~ age + diet + label, data = t, permutations = NPERM, by = by))
    put(paste("within", by), adonis2(d ~ diet + label, data = t, permutations = within, by = by))
    put(paste("after_block", by), adonis2(d ~ block + diet + label, data = t, permutations = within, by = by))
    put(paste("after_age", by), adonis2(d ~ age + diet + label, data = t, permutations = 99, by = by))
  }
  put("interaction terms", adonis2(d ~ diet * label, data = t, permutations = NPERM, by = "terms"))
} else {
  dir <- file.path(args[3], which)
  table <- function(f) read.delim(gzfile(file.path(dir, f)), check.names = FALSE, quote = "", comment.char = "")
  counts <- table("genera.counts.tsv.gz"); meta <- table("metadata.tsv.gz")
  meta <- meta[match(counts$Sample, meta$Sample), ]; counts <- as.matrix(counts[, -1])
  d <- vegdist(counts / rowSums(counts), "bray"); family <- factor(meta$Family_ID)
  meta$group <- factor(meta$Study.Group, levels = c("Normal", setdiff(sort(unique(meta$Study.Group)), "Normal")))
  for (by in c("terms", "margin"))
    put(paste("within", by), adonis2(d ~ Gender + group, data = meta, permutations = how(nperm = NPERM, blocks = family), by = by))
}
all <- do.call(rbind, rows)
for (name in c("F", "R2", "p")) all[[name]] <- trimws(formatC(all[[name]], digits = 17, format = "g"))
write.table(all, out, sep = "\t", quote = FALSE, row.names = FALSE)
