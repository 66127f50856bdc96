# References for commensal.stats.moderate, moderated and the set tests from limma.
# Usage: Rscript reference.R small|jacobs2016 OUT_PREFIX [DATA_DIR]; numbers with 17 digits.
suppressPackageStartupMessages(library(limma))
args <- commandArgs(trailingOnly = TRUE); which <- args[1]; out <- args[2]
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
full <- function(x) trimws(formatC(as.numeric(x), digits = 17, format = "g"))
keep <- function(frame, name) { for (n in names(frame)) if (is.numeric(frame[[n]])) frame[[n]] <- full(frame[[n]])
  write.table(frame, gzfile(paste0(out, ".", name, ".tsv.gz")), sep = "\t", quote = FALSE, row.names = FALSE) }
moderated <- function(case, y, design) {                      # y: features x samples
  raw <- lmFit(y, design); fit <- suppressWarnings(eBayes(raw)); k <- ncol(design)
  rows <- which(fit$df.residual >= 2)                         # ours gives no p with fewer than two
  if (length(rows) < nrow(y)) fit <- suppressWarnings(eBayes(raw[rows, ]))
  data.frame(case, feature = rows - 1, effect = fit$coefficients[, k], se = fit$stdev.unscaled[, k] * sqrt(fit$s2.post),
    t = fit$t[, k], p = fit$p.value[, k], df = fit$df.total, s2 = fit$sigma^2, d = fit$df.residual, s2.post = fit$s2.post,
    df.prior = fit$df.prior, s2.prior = fit$s2.prior) }
squeezed <- function(case, s2, d) { v <- suppressWarnings(squeezeVar(s2, d))
  data.frame(case, s2, d, post = v$var.post, df.prior = v$df.prior, var.prior = v$var.prior) }
sets <- function(y, design, index) {
  camera <- rbind(data.frame(how = "fixed", set = names(index), camera(y, index, design, sort = FALSE)[, c("NGenes", "Direction", "PValue")], Correlation = 0.01),
    data.frame(how = "estimated", set = names(index), camera(y, index, design, inter.gene.cor = NA, sort = FALSE)[, c("NGenes", "Direction", "PValue", "Correlation")]),
    data.frame(how = "negative", set = names(index), camera(y, index, design, inter.gene.cor = NA, allow.neg.cor = TRUE, sort = FALSE)[, c("NGenes", "Direction", "PValue", "Correlation")]))
  keep(camera, "camera"); set.seed(1)
  rows <- list(); for (s in c("mean", "msq")) for (name in names(index)) {
    fit <- roast(y, index[[name]], design, set.statistic = s, nrot = 19999)$p.value
    rows[[length(rows) + 1]] <- data.frame(statistic = s, set = name, side = rownames(fit), active = fit$Active.Prop, p = fit$P.Value) }
  keep(do.call(rbind, rows), "roast") }
if (which == "small") {
  t <- read.delim(gzfile(file.path(here, "small.tsv.gz"))); y <- t(as.matrix(t[, -(1:3)]))
  design <- model.matrix(~ age + arm, t); few <- c(1:3, 20:22)
  keep(rbind(moderated("all", y, design), moderated("few", y[, few], model.matrix(~ arm, t)[few, ])), "moderated")
  set.seed(2); chi <- function(m, d, d0) (if (is.finite(d0)) d0 / rchisq(m, d0) else rep(1, m)) * rchisq(m, d) / d
  unequal <- rep(1:6, 20)
  zeros <- replace(chi(60, 4, 5), c(3, 17), 0)
  keep(rbind(squeezed("d0 = 4", chi(200, 3, 4), rep(3, 200)), squeezed("unequal", chi(120, unequal, 8), unequal),
    squeezed("no spread", chi(50, 2, Inf) * 0 + 1.5, rep(2, 50)), squeezed("d0 = inf", chi(80, 20, Inf), rep(20, 80)),
    squeezed("zeros", zeros, rep(4, 60)), squeezed("wide", exp(rnorm(40, 0, 6)), rep(10, 40)),
    squeezed("no df", replace(chi(30, 3, 4), 5, NA), replace(rep(3, 30), 5, 0)), squeezed("two", c(1, 4), c(3, 3))), "squeezed")
  complete <- y; complete[is.na(complete)] <- 5
  index <- list(up = 1:20, second = 21:40, together = 41:60, apart = 101:120, few = c(1, 2, 3), one = 7, mixed = c(1:10, 90:110))
  sets(complete, design, index)
} else {
  dir <- file.path(args[3], which)
  table <- function(f) read.delim(gzfile(file.path(dir, f)), check.names = FALSE, quote = "", comment.char = "")
  counts <- table("genera.counts.tsv.gz"); meta <- table("metadata.tsv.gz"); meta <- meta[match(counts$Sample, meta$Sample), ]
  counts <- as.matrix(counts[, -1]); shares <- counts / rowSums(counts); shares <- shares[, colSums(shares > 0) >= 30]
  y <- t(log2(ifelse(shares > 0, shares, NA))); arm <- as.numeric(meta$Study.Group != "Normal")
  keep(moderated("jacobs2016", y, cbind(1, arm)), "moderated")
}
cat(which, ":", R.version.string, "limma", as.character(packageVersion("limma")), "\n")
