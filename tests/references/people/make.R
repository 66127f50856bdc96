# Severity among patients: partial Spearman and straight line with covariates, and what leaving each person out does.
# Rscript tests/references/people/make.R   (base R only; versions are in versions.txt)
set.seed(20261125)
n <- 23
age <- round(rnorm(n, 60, 9)); sex <- rbinom(n, 1, 0.4)
score <- round(36 + 5 * rnorm(n) - 0.1 * (age - 60))
level <- matrix(rnorm(n * 4, 14, 1), n) + cbind(0.09 * score, -0.02 * score, 0.05 * age, 0)
level[3, 2] <- NA; level[9, 2] <- NA                       # missing in one molecule
level[c(1, 5, 7), 4] <- min(level[, 4]) - 1                # ties, as below detection
data <- data.frame(age, sex, score, level)
write.csv(format(data, digits = 17), "tests/references/people/data.csv", row.names = FALSE, quote = FALSE)

# ppcor::pcor.test by its formula: correlation of residuals of ranks on ranked covariates, t on n - 2 - k
partial <- function(y, x, z) {
  ry <- resid(lm(rank(y) ~ apply(z, 2, rank))); rx <- resid(lm(rank(x) ~ apply(z, 2, rank)))
  r <- cor(ry, rx); df <- length(y) - 2 - ncol(z)
  c(r = r, p = 2 * pt(-abs(r * sqrt(df / (1 - r^2))), df))
}
out <- do.call(rbind, lapply(1:4, function(j) {
  seen <- !is.na(level[, j]); y <- level[seen, j]; x <- score[seen]; z <- cbind(age, sex)[seen, ]
  fit <- lm(y ~ x + z); s <- coef(summary(fit))["x", ]
  without <- sapply(seq_along(y), function(i) coef(lm(y[-i] ~ x[-i] + z[-i, ]))[2])
  ranks <- sapply(seq_along(y), function(i) partial(y[-i], x[-i], z[-i, ])["r"])
  r <- partial(y, x, z); plain <- suppressWarnings(cor.test(y, x, method = "spearman", exact = FALSE))
  data.frame(r = r["r"], p = r["p"], plain = plain$estimate, slope = s[1], se = s[2], slope_p = s[4],
             low = confint(fit)["x", 1], high = confint(fit)["x", 2],
             slope_least = min(without), slope_most = max(without),
             dfbeta = max(abs(dfbeta(fit)[, "x"])), r_least = min(ranks), r_most = max(ranks))
}))
write.csv(format(out, digits = 17), "tests/references/people/values.csv", row.names = FALSE, quote = FALSE)
writeLines(R.version.string, "tests/references/people/versions.txt")
