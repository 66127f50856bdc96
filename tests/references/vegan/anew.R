# Dispersion with centroids anew under every arrangement. Usage: Rscript anew.R small|jacobs2016|kostic2015 OUT.tsv [DATA_DIR]
# Every row: quantity, value. betadisper(type = "centroid") is run on each arrangement; F by anova.
suppressPackageStartupMessages(library(vegan))
args <- commandArgs(trailingOnly = TRUE); which <- args[1]
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
NPERM <- 1999; rows <- list()
put <- function(quantity, value) rows[[length(rows) + 1]] <<- data.frame(quantity, value = trimws(formatC(value, digits = 17, format = "g")))
F_of <- function(d, x) { z <- betadisper(d, factor(x), type = "centroid")$distances; anova(lm(z ~ factor(x)))[1, "F value"] }
share <- function(null, observed) mean(null >= observed * (1 - 1e-8))
p_of <- function(d, x, draw) (1 + sum(replicate(NPERM, F_of(d, draw())) >= F_of(d, x) * (1 - 1e-8))) / (1 + NPERM)
set.seed(1)
if (which == "small") {
  t <- read.delim(file.path(here, "small.tsv")); counts <- as.matrix(t[, -(1:5)]); d <- vegdist(counts / rowSums(counts), "bray")
  block <- factor(t$block); label <- t$label
  ways <- lapply(levels(block), function(b) { at <- which(block == b); combn(length(at), sum(label[at]), simplify = FALSE) })
  grid <- expand.grid(lapply(ways, seq_along))
  arrange <- function(i) { x <- rep(0, length(label)); for (b in seq_along(ways)) {
    at <- which(block == levels(block)[b]); x[at[ways[[b]][[grid[i, b]]]]] <- 1 }; x }
  put("within.exact.p", share(vapply(seq_len(nrow(grid)), function(i) F_of(d, arrange(i)), 0), F_of(d, label)))
  picks <- combn(levels(block), 2, simplify = FALSE)
  put("whole.exact.p", share(vapply(picks, function(s) F_of(d, block %in% s), 0), F_of(d, t$arm)))
  put("free.p", p_of(d, label, function() sample(label)))
} else {
  dir <- file.path(args[3], which)
  table <- function(f) read.delim(gzfile(file.path(dir, f)), check.names = FALSE, quote = "", comment.char = "")
  counts <- table("genera.counts.tsv.gz"); meta <- table("metadata.tsv.gz")
  meta <- meta[match(counts$Sample, meta$Sample), ]; counts <- as.matrix(counts[, -1]); d <- vegdist(counts / rowSums(counts), "bray")
  if (which == "jacobs2016") {
    x <- as.numeric(meta$Study.Group != "Normal"); family <- factor(meta$Family_ID)
    put("within.p", p_of(d, x, function() ave(x, family, FUN = function(v) v[sample.int(length(v))])))
  } else {
    x <- as.numeric(meta$Study.Group == "case"); subject <- as.character(meta$Subject); first <- !duplicated(subject)
    put("whole.p", p_of(d, x, function() { own <- setNames(sample(x[first]), subject[first]); own[subject] }))
  }
}
write.table(do.call(rbind, rows), args[2], sep = "\t", quote = FALSE, row.names = FALSE)
