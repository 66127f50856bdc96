# Scores of contaminants by R's own functions, from the formulas of Davis et al. (2018), Microbiome 6:226:
# frequency by lm() with a slope fixed at -1 (offset) against a constant, and pf(); prevalence by fisher.test().
# Run: Rscript make.R > scores.tsv
set.seed(7)
n <- 24; blank <- c(rep(TRUE, 4), rep(FALSE, n - 4)); dna <- exp(rnorm(n, 1, 1.2))
shares <- sapply(1:6, function(j) {
  amount <- if (j %% 2) 0.05 / dna else rep(0.05, n)
  value <- amount * exp(rnorm(n, 0, 0.4))
  chance <- if (j <= 2) ifelse(blank, 0.9, 0.4) else if (j <= 4) ifelse(blank, 0.2, 0.8) else rep(0.6, n)
  ifelse(runif(n) < chance, value, 0)
})
cat("sample\tblank\tdna", paste0("s", 1:6), sep = "\t"); cat("\n")
for (i in 1:n) { cat(i, as.integer(blank[i]), format(dna[i], digits = 17), format(shares[i, ], digits = 17, trim = TRUE), sep = "\t"); cat("\n") }
score <- function(j) {
  here <- !blank & shares[, j] > 0
  f <- log(shares[here, j]); c <- log(dna[here])
  one <- sum(resid(lm(f ~ 1 + offset(-1 * c)))^2); none <- sum(resid(lm(f ~ 1))^2); k <- sum(here) - 1
  held <- shares[, j] > 0
  p <- fisher.test(table(factor(held, c(TRUE, FALSE)), factor(blank, c(TRUE, FALSE))), alternative = "greater")$p.value
  c(pf(one / none, k, k), p)
}
for (j in 1:6) { cat("score", paste0("s", j), format(score(j), digits = 15), sep = "\t"); cat("\n") }
