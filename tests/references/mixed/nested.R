# Rscript nested.R OUT : two nested random intercepts, and a random intercept with slope of age, on nested.data.tsv.gz.
args <- commandArgs(trailingOnly = TRUE)
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
source(file.path(here, "common.R"))
data <- read.delim(file.path(here, "nested.data.tsv.gz"), stringsAsFactors = FALSE)
models <- list(nested = y ~ label + age + (1 | outer / inner), slope = y ~ label + age + (1 + age | outer))
rows <- list()
for (design in unique(data$design)) for (j in grep("^y[0-9]+$", names(data), value = TRUE)) for (model in names(models)) {
  part <- data[data$design == design & !is.na(data[[j]]), ]
  part$y <- part[[j]]
  if (model == "slope") part$age <- (part$age - 40) / 12
  # several starts: lme4 finds the nearest optimum
  starts <- if (model == "nested") list(c(1, 1), c(0.2, 1), c(1, 0.2), c(3, 3)) else list(c(1, 0, 1), c(0.3, 0.1, 0.3), c(1, -0.2, 0.2))
  fits <- lapply(starts, function(s) suppressWarnings(suppressMessages(
    lmerTest::lmer(models[[model]], part, REML = TRUE, control = control, start = s))))
  fit <- fits[[which.min(sapply(fits, REMLcrit))]]
  table <- suppressWarnings(suppressMessages(coef(summary(fit, ddf = "Satterthwaite"))))
  variances <- as.data.frame(VarCorr(fit))
  for (term in c("label", "age")) {
    t <- table[term, ]
    if (!"df" %in% colnames(table)) t <- c(t, df = NA, "Pr(>|t|)" = NA)
    row <- data.frame(design = design, feature = j, model = model, term = term, effect = number(t["Estimate"]),
      se = number(t["Std. Error"]), df = number(t["df"]), p = number(t["Pr(>|t|)"]),
      v1 = number(variances$vcov[1]), v2 = number(variances$vcov[2]),
      v3 = number(if (model == "slope") variances$vcov[3] else NA), residual = number(sigma(fit)^2),
      loglik = number(-0.5 * REMLcrit(fit)), singular = isSingular(fit, tol = 1e-5), n = nrow(part))
    rows[[length(rows) + 1]] <- row
  }
}
save_table(rows, file.path(args[1], "nested.tsv.gz"))
