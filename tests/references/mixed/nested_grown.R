# Rscript nested_grown.R OUT : ML, observation weights and joint F in the nested and the slope model, on nested.data.tsv.gz.
args <- commandArgs(trailingOnly = TRUE)
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
source(file.path(here, "common.R"))
data <- read.delim(file.path(here, "nested.data.tsv.gz"), stringsAsFactors = FALSE)
data$w <- 0.5 + (seq_len(nrow(data)) %% 4) / 2
data$age <- (data$age - 40) / 12
models <- list(nested = y ~ label + age + (1 | outer / inner), slope = y ~ label + age + (1 + age | outer))
contrasts <- list(label = c(0, 1, 0), age = c(0, 0, 1), level = c(1, 0.5, 0.8))
rows <- list()
for (design in unique(data$design)) for (j in grep("^y[0-9]+$", names(data), value = TRUE)) for (model in names(models))
for (method in c("REML", "ML", "weighted")) {
  part <- data[data$design == design & !is.na(data[[j]]), ]
  part$y <- part[[j]]
  part$v <- if (method == "weighted") part$w else 1
  # several starts: lme4 finds the nearest optimum
  starts <- if (model == "nested") list(c(1, 1), c(0.2, 1), c(1, 0.2), c(3, 3)) else
    list(c(1, 0, 1), c(0.3, 0.1, 0.3), c(1, -0.2, 0.2))
  fits <- lapply(starts, function(s) suppressWarnings(suppressMessages(
    lmerTest::lmer(models[[model]], part, REML = method != "ML", weights = v, control = control, start = s))))
  fit <- fits[[which.max(sapply(fits, function(f) as.numeric(logLik(f))))]]
  variances <- as.data.frame(VarCorr(fit))
  for (name in names(contrasts)) {
    t <- suppressWarnings(suppressMessages(lmerTest::contest1D(fit, contrasts[[name]], confint = FALSE)))
    rows[[length(rows) + 1]] <- data.frame(design = design, feature = j, model = model, method = method, contrast = name,
      effect = number(t[["Estimate"]]), se = number(t[["Std. Error"]]), df = number(t[["df"]]),
      p = number(t[["Pr(>|t|)"]]), v1 = number(variances$vcov[1]), v2 = number(variances$vcov[2]),
      v3 = number(if (model == "slope") variances$vcov[3] else NA), residual = number(sigma(fit)^2),
      loglik = number(as.numeric(logLik(fit))), singular = isSingular(fit, tol = 1e-5))
  }
  f <- suppressWarnings(suppressMessages(lmerTest::contestMD(fit, rbind(c(0, 1, 0), c(0, 0, 1)))))
  rows[[length(rows) + 1]] <- data.frame(design = design, feature = j, model = model, method = method, contrast = "F",
    effect = number(f[["F value"]]), se = number(f[["NumDF"]]), df = number(f[["DenDF"]]), p = number(f[["Pr(>F)"]]),
    v1 = "NA", v2 = "NA", v3 = "NA", residual = "NA", loglik = "NA", singular = isSingular(fit, tol = 1e-5))
}
save_table(rows, file.path(args[1], "nested_grown.tsv.gz"))
