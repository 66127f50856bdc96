# Expression where samples share units, by limma: means of cages, and arms inside litters (indicators of litters).
#   Rscript reference.R            writes counts.tsv, cages.tsv, litters.tsv beside this file
# Made with R 4.2.2, limma 3.54.1. Seconds.
suppressMessages(library(limma))
set.seed(1)
n <- 24; m <- 60
arm <- rep(c("drug", "vehicle"), each = 12); cage <- rep(sprintf("c%d", 1:8), each = 3)
inside <- rep(c("drug", "vehicle", "vehicle"), 8)
mu <- exp(rnorm(m, 6, 1))
y <- t(sapply(seq_len(n), function(i) rnbinom(m, mu = mu * 2^rnorm(m, 0, 0.2) * runif(1, 0.7, 1.4), size = 20)))
y[arm == "drug", 1:8] <- y[arm == "drug", 1:8] * 3
y[inside == "drug", 9:16] <- y[inside == "drug", 9:16] * 3
dimnames(y) <- list(sprintf("s%02d", seq_len(n)), sprintf("g%02d", seq_len(m)))

# size factors (median of ratios), effective library sizes, log2 counts per million with 2 reads added at the mean depth
logs <- log(y); keep <- apply(is.finite(logs), 2, all)
s <- apply(logs[, keep], 1, function(row) median(row - colMeans(logs[, keep])))
s <- exp(s - mean(s))
L <- s * exp(mean(log(rowSums(y)))); prior <- 2 * L / mean(L)
v <- log2((y + prior) / (L + 2 * prior) * 1e6)
enough <- colSums(y >= 10 * s / median(s)) >= 12          # in as many samples as the smaller side has
enough.inside <- colSums(y >= 10 * s / median(s)) >= 8

told <- function(values, design, coefficient, file) {
  fit <- eBayes(lmFit(t(values), design))
  table <- data.frame(gene = colnames(values), effect = fit$coefficients[, coefficient],
    se = fit$stdev.unscaled[, coefficient] * sqrt(fit$s2.post), df = fit$df.total, t = fit$t[, coefficient],
    p = fit$p.value[, coefficient])
  write.table(format(table, digits = 12), file, sep = "\t", quote = FALSE, row.names = FALSE)
}
means <- apply(v, 2, function(column) tapply(column, cage, mean)[unique(cage)])
told(means[, enough], cbind(1, drug = rep(c(1, 0), each = 4)), 2, "cages.tsv")
told(v[, enough.inside], cbind(model.matrix(~ 0 + factor(cage)), drug = as.numeric(inside == "drug")), 9, "litters.tsv")
write.table(data.frame(sample = rownames(y), arm, inside, cage, y), "counts.tsv", sep = "\t", quote = FALSE, row.names = FALSE)
