# Rscript grown.R OUT : several contrasts, joint F, ML, observation weights and the likelihood ratio, on small.data.tsv.gz.
args <- commandArgs(trailingOnly = TRUE)
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
source(file.path(here, "common.R"))
data <- read.delim(file.path(here, "small.data.tsv.gz"), stringsAsFactors = FALSE)
data$w <- 0.5 + (seq_len(nrow(data)) %% 4) / 2
one <- function(numbers, id, model, what) {
  row <- data.frame(id, model = model, what = what)
  for (name in c("effect", "se", "df", "statistic", "df2", "p")) row[[name]] <- number(as.numeric(numbers[name]))
  row
}
rows <- list()
add <- function(row) rows[[length(rows) + 1]] <<- row
for (design in unique(data$design)) for (j in grep("^y[0-9]+$", names(data), value = TRUE)) {
  part <- data[data$design == design & !is.na(data[[j]]), ]
  part$y <- part[[j]]
  id <- data.frame(design = design, feature = j)
  for (model in c("REML", "ML", "weighted")) {
    part$v <- if (model == "weighted") part$w else 1
    fit <- suppressMessages(lmerTest::lmer(y ~ label + age + (1 | group), part, REML = model != "ML", weights = v,
                                           control = control))
    flat <- lm(y ~ label + age, part, weights = v)
    contrasts <- list(label = c(0, 1, 0), level = c(1, 0.5, 40))
    for (name in names(contrasts)) {
      t <- suppressMessages(lmerTest::contest1D(fit, contrasts[[name]], confint = FALSE))
      add(one(c(effect = t[["Estimate"]], se = t[["Std. Error"]], df = t[["df"]], statistic = t[["t value"]],
                p = t[["Pr(>|t|)"]]), id, model, name))
    }
    f <- suppressMessages(lmerTest::contestMD(fit, rbind(c(0, 1, 0), c(0, 0, 1))))
    add(one(c(statistic = f[["F value"]], df = f[["NumDF"]], df2 = f[["DenDF"]], p = f[["Pr(>F)"]]), id, model, "F"))
    variances <- as.data.frame(VarCorr(fit))$vcov
    ratio <- 2 * as.numeric(logLik(fit) - logLik(flat, REML = model != "ML"))
    add(one(c(effect = variances[1], se = variances[2], statistic = ratio), id, model, "variances"))
  }
}
save_table(rows, file.path(args[1], "grown.tsv.gz"))
