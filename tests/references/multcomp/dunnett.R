# Rscript dunnett.R dunnett.data.tsv dunnett.tsv
# multcomp::glht with GenzBretz(abseps = 1e-7; eleven arms 1e-5): many arms against one control, with and without blocks.
suppressMessages(library(multcomp))
set.seed(1)
RNGkind("Mersenne-Twister", "Inversion", "Rejection")
data(recovery)
designs <- list()
designs$recovery <- data.frame(y = recovery$minutes, arm = as.character(recovery$blanket), block = "")
n <- c(12, 6, 5, 8, 6, 4, 9, 6, 7, 5, 6, 6)
arm <- rep(sprintf("s%02d", 0:11), n)
designs$eleven <- data.frame(y = round(rnorm(length(arm)) + 1.4 * (arm %in% c("s03", "s08")), 4), arm = arm, block = "")
b <- expand.grid(arm = c("a", "b", "c", "d"), block = sprintf("litter%d", 1:9), stringsAsFactors = FALSE)
b <- b[c(sort(sample(nrow(b), 27)), 1, 2, 5), ]
designs$litters <- data.frame(y = round(rnorm(nrow(b)) + 1.2 * (b$arm == "c") + as.integer(factor(b$block)) / 2, 4), arm = b$arm, block = b$block)
rows <- list(); data <- list()
for (name in names(designs)) {
  d <- designs[[name]]; d$arm <- factor(d$arm)
  fit <- if (all(d$block == "")) lm(y ~ arm, d) else lm(y ~ block + arm, d)
  eleven <- name == "eleven"
  eps <- if (eleven) 1e-5 else 1e-7
  for (side in if (eleven) "two.sided" else c("two.sided", "greater", "less")) {
    g <- glht(fit, mcp(arm = "Dunnett"), alternative = side)
    s <- summary(g, test = adjusted("single-step", maxpts = 1e7, abseps = eps, releps = 0))
    rows[[length(rows) + 1]] <- data.frame(design = name, alternative = sub("\\.", "-", side), arm = levels(d$arm)[-1],
      effect = s$test$coefficients, se = s$test$sigma, df = g$df, t = s$test$tstat, p = as.numeric(s$test$pvalues))
  }
  data[[length(data) + 1]] <- cbind(design = name, designs[[name]])
}
write.table(do.call(rbind, data), commandArgs(TRUE)[1], sep = "\t", row.names = FALSE, quote = FALSE)
write.table(format(do.call(rbind, rows), digits = 15), commandArgs(TRUE)[2], sep = "\t", row.names = FALSE, quote = FALSE)
