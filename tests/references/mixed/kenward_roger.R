# Rscript kenward_roger.R OUT : Kenward and Roger's se and df of the label and of a combination on small.data.tsv.gz.
suppressPackageStartupMessages({library(lme4); library(pbkrtest)})
args <- commandArgs(trailingOnly = TRUE)
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
source(file.path(here, "common.R"))
data <- read.delim(file.path(here, "small.data.tsv.gz"), stringsAsFactors = FALSE)
contrasts <- list(label = c(0, 1, 0), level = c(1, 0.5, 40))
rows <- list()
for (design in unique(data$design)) for (j in grep("^y[0-9]+$", names(data), value = TRUE)) {
  part <- data[data$design == design & !is.na(data[[j]]), ]
  part$y <- part[[j]]
  fit <- tryCatch(suppressWarnings(suppressMessages(
    lme4::lmer(y ~ label + age + (1 | group), part, REML = TRUE, control = control))), error = function(e) NULL)
  if (is.null(fit) || length(fixef(fit)) < 3) next
  adjusted <- as.matrix(vcovAdj(fit))
  for (name in names(contrasts)) {
    L <- matrix(contrasts[[name]], nrow = 1)
    found <- KRmodcomp(fit, L)
    rows[[length(rows) + 1]] <- data.frame(design = design, feature = j, what = name,
      effect = number(drop(L %*% fixef(fit))), se = number(sqrt(drop(L %*% adjusted %*% t(L)))),
      df = number(found$stats$ddf), p = number(found$stats$p.value), singular = isSingular(fit))
  }
}
save_table(rows, file.path(args[1], "kenward_roger.tsv.gz"))
cat(R.version.string, "lme4", as.character(packageVersion("lme4")), "pbkrtest", as.character(packageVersion("pbkrtest")), "\n")
