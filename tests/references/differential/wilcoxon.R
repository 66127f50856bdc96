# Stratified Wilcoxon (van Elteren) by coin: ranks within blocks over (block size + 1). Rscript wilcoxon.R
suppressPackageStartupMessages(library(coin))
data <- read.csv("table.csv")
data$case <- factor(data$case)
data$block <- factor(data$block)
scores <- function(block) function(data)
  trafo(data, numeric_trafo = function(y) rank_trafo(y) / (length(y) + 1), block = block)
out <- NULL
for (feature in grep("^f", names(data), value = TRUE)) {
  data$y <- data[[feature]]
  for (stratified in c(TRUE, FALSE)) {
    test <- if (stratified) {
      independence_test(y ~ case | block, data, ytrafo = scores(data$block), teststat = "scalar")
    } else wilcox_test(y ~ case, data)
    exact <- if (stratified) {
      independence_test(y ~ case | block, data[data$block %in% 1:3, ], teststat = "scalar",
        ytrafo = scores(droplevels(data$block[data$block %in% 1:3])), distribution = approximate(nresample = 1e6))
    } else wilcox_test(y ~ case, data[data$block %in% 1:3, ], distribution = "exact")
    out <- rbind(out, data.frame(feature, stratified, z = as.numeric(statistic(test)), p = as.numeric(pvalue(test)),
      small_z = as.numeric(statistic(exact)), small_p = as.numeric(pvalue(exact))))
  }
}
write.csv(out, "wilcoxon.csv", row.names = FALSE)
cat(R.version.string, "coin", as.character(packageVersion("coin")), "\n")
