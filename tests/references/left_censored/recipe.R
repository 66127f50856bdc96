# Rscript recipe.R : survreg on data.tsv, whole model and the models without each contrast; writes reference.tsv.
suppressPackageStartupMessages(library(survival))
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
data <- read.delim(file.path(here, "data.tsv"))
tight <- survreg.control(rel.tolerance = 1e-14, maxiter = 200)
abx <- as.numeric(data$arm == "abx"); strain <- as.numeric(data$arm == "strain")
rows <- list()
for (name in sub("\\.limit$", "", grep("\\.limit$", names(data), value = TRUE))) {
  seen <- !is.na(data[[name]])
  y <- Surv(ifelse(seen, data[[name]], data[[paste0(name, ".limit")]]), seen, type = "left")
  for (covariate in c("none", "age")) {
    age <- if (covariate == "age") data$age else NULL
    model <- function(...) {
      x <- cbind(...)
      survreg(y ~ x, dist = "gaussian", control = tight)
    }
    full <- suppressWarnings(model(abx, strain, age))
    terms <- list(abx = cbind(strain, age), strain = cbind(abx, age), "strain - abx" = cbind(abx + strain, age))
    v <- vcov(full)
    for (term in names(terms)) {
      null <- suppressWarnings(model(terms[[term]]))
      w <- list(abx = c(0, 1, 0), strain = c(0, 0, 1), "strain - abx" = c(0, -1, 1))[[term]]
      w <- c(w, rep(0, ncol(v) - 4))
      rows[[length(rows) + 1]] <- data.frame(
        name = name, covariate = covariate, term = term, effect = sum(w * coef(full)),
        se = sqrt(drop(w %*% v[seq_along(w), seq_along(w)] %*% w)), r2 = 2 * (full$loglik[2] - null$loglik[2]), sigma = full$scale)
    }
  }
}
out <- do.call(rbind, rows)
out[c("effect", "se", "r2", "sigma")] <- lapply(out[c("effect", "se", "r2", "sigma")], function(v) ifelse(is.na(v), "NA", trimws(formatC(v, digits = 12, format = "g"))))
write.table(out, file.path(here, "reference.tsv"), sep = "\t", row.names = FALSE, quote = FALSE)
cat(R.version.string, "survival", as.character(packageVersion("survival")), "\n")
