# Rscript recipe.R : R's loess, degree 1, on uneven run orders; writes data.tsv and reference.tsv.
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
set.seed(3)
out <- list(); data <- list()
for (q in c(6, 11, 25)) {
  x <- sort(sample(1:120, q)); y <- 10 + sin(x / 25) + rnorm(q, sd = 0.1)
  data[[length(data) + 1]] <- data.frame(q = q, x = x, y = y)
  for (span in c(0.5, 0.75, 1, 2)) {
    if (floor(q * span) < 3) next
    fit <- loess(y ~ x, span = span, degree = 1, control = loess.control(surface = "direct"))
    at <- seq(min(x), max(x), length.out = 9)
    out[[length(out) + 1]] <- data.frame(q = q, span = span, at = at, fit = predict(fit, data.frame(x = at)))
  }
}
show <- function(d, name) { d[] <- lapply(d, function(v) formatC(v, digits = 15, format = "g", width = 1)); write.table(d, file.path(here, name), sep = "\t", row.names = FALSE, quote = FALSE) }
show(do.call(rbind, data), "data.tsv"); show(do.call(rbind, out), "reference.tsv")
cat(R.version.string, "\n")
