# Rscript reference.R data.tsv reference.tsv
# Pearson by cor.test; partial by residuals of lm over the samples that both columns have; exact Spearman by cor.test.
set.seed(3)
n <- 36
z <- round(rnorm(n), 3); block <- rep(sprintf("h%d", 1:9), each = 4)
x <- sapply(1:4, function(i) round(rnorm(n) + 0.5 * z + as.integer(factor(block)) / 6 * (i %% 2), 3))
y <- sapply(1:5, function(i) round(rexp(n) + 0.3 * z + 0.4 * x[, 1 + i %% 4], 3))
x[2, 2] <- NA; x[c(5, 6, 7, 8), 3] <- NA; y[c(1, 6, 30), 2] <- NA; y[9, 5] <- NA
data <- data.frame(x = x, y = y, z = z, block = block)
rows <- list()
add <- function(kind, i, j, r, p, n, df) rows[[length(rows) + 1]] <<- data.frame(kind, x = i - 1, y = j - 1, r, p, n, df)
partial <- function(kind, i, j, terms, rank = FALSE) {
  d <- data.frame(x = x[, i], y = y[, j], z = z, block = block)
  d <- d[complete.cases(d), ]
  if (rank) d[c("x", "y", "z")] <- lapply(d[c("x", "y", "z")], function(v) ave(v, d$block, FUN = function(u) rank(u) / (length(u) + 1)))
  fx <- lm(reformulate(terms, "x"), d); fy <- lm(reformulate(terms, "y"), d)
  r <- cor(resid(fx), resid(fy)); df <- fx$df.residual - 1
  add(kind, i, j, r, 2 * pt(-abs(r * sqrt(df / (1 - r^2))), df), nrow(d), df)
}
for (i in 1:4) for (j in 1:5) {
  t <- cor.test(x[, i], y[, j]); add("pearson", i, j, t$estimate, t$p.value, t$parameter + 2, t$parameter)
  partial("partial", i, j, "z"); partial("block", i, j, c("z", "block"))
  if (!anyNA(x[, i]) && !anyNA(y[, j])) partial("ranks", i, j, c("z", "block"), TRUE)
  s <- 10:17
  if (!anyNA(x[s, i]) && !anyNA(y[s, j])) {
    t <- cor.test(x[s, i], y[s, j], method = "spearman", exact = TRUE)
    add("exact", i, j, t$estimate, t$p.value, 8, 6)
  }
}
write.table(data, commandArgs(TRUE)[1], sep = "\t", row.names = FALSE, quote = FALSE)
write.table(format(do.call(rbind, rows), digits = 15), commandArgs(TRUE)[2], sep = "\t", row.names = FALSE, quote = FALSE)
