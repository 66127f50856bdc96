# Dunnett's comparisons of the means of cages with a covariate and batches, and the interaction with genotype.
# Rscript arms.R   (R 4.2.2, multcomp 1.4-22, mvtnorm 1.1-3)
suppressMessages(library(multcomp))
set.seed(20260)
cages <- data.frame(arm = factor(rep(c("vehicle", "A", "B", "C"), each = 5), levels = c("vehicle", "A", "B", "C")),
                    batch = factor(rep(1:2, length.out = 20)))
cages$cage <- sprintf("%s-%d", cages$arm, 1:5)
mice <- cages[rep(1:20, each = 3), ]
mice$age <- round(rnorm(60, 60, 5), 1)
mice$genotype <- rep(c("WT", "SOD1"), 30)
effect <- c(vehicle = 0, A = 4, B = -2, C = 1)
mice$y <- round(100 + effect[as.character(mice$arm)] + 0.4 * mice$age + rnorm(20, 0, 2)[rep(1:20, each = 3)] +
                  rnorm(60, 0, 3), 2)
write.table(mice, "arms.data.tsv", sep = "\t", quote = FALSE, row.names = FALSE)
means <- aggregate(cbind(y, age) ~ arm + batch + cage, mice, mean)
told <- function(fit, name) {
  g <- glht(fit, linfct = mcp(arm = "Dunnett"))
  s <- summary(g, test = adjusted("single-step", abseps = 1e-7, maxpts = 1e6))
  ci <- confint(g, level = 0.975, calpha = adjusted_calpha(abseps = 1e-7, maxpts = 1e6))$confint
  data.frame(design = name, arm = sub(" - vehicle", "", names(s$test$coefficients)), effect = s$test$coefficients,
             se = s$test$sigma, df = fit$df.residual, p = s$test$pvalues, low = ci[, 2], high = ci[, 3])
}
out <- rbind(told(lm(y ~ arm, means), "cages"), told(lm(y ~ arm + age + batch, means), "cages, age, batch"))
# Mice of both genotypes in every cage: differences inside cages, compared between arms.
gap <- aggregate(y ~ arm + cage, mice, function(v) 0)
for (i in seq_len(nrow(gap))) {
  own <- mice[mice$cage == gap$cage[i], ]
  gap$y[i] <- mean(own$y[own$genotype == "SOD1"]) - mean(own$y[own$genotype == "WT"])
}
out <- rbind(out, told(lm(y ~ arm, gap), "genotype within cages"))
# Cages of one genotype: the means of cages in all cells.
pure <- means
pure$sod <- rep(c(0, 1), length.out = 20)[order(order(pure$cage))]
fit <- lm(y ~ arm * sod, pure)
b <- coef(fit)
at <- grep(":sod", names(b))
k <- matrix(0, 3, length(b), dimnames = list(sub("arm(.):sod", "\\1", names(b)[at]), NULL))
k[cbind(1:3, at)] <- 1
g <- glht(fit, linfct = k)
s <- summary(g, test = adjusted("single-step", abseps = 1e-7, maxpts = 1e6))
ci <- confint(g, level = 0.975, calpha = adjusted_calpha(abseps = 1e-7, maxpts = 1e6))$confint
out <- rbind(out, data.frame(design = "genotype of cages", arm = rownames(k), effect = s$test$coefficients,
  se = s$test$sigma, df = fit$df.residual, p = s$test$pvalues, low = ci[, 2], high = ci[, 3]))
write.table(pure[, c("cage", "sod")], "arms.sod.tsv", sep = "\t", quote = FALSE, row.names = FALSE)
write.table(format(out, digits = 12), "arms.tsv", sep = "\t", quote = FALSE, row.names = FALSE)
