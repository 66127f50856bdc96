# What both reference scripts share: one lmer fit with tightened optimiser, one row per term.
suppressPackageStartupMessages({library(lme4); library(lmerTest)})

control <- lmerControl(
  optimizer = "nloptwrap", calc.derivs = FALSE,
  optCtrl = list(xtol_abs = 1e-12, xtol_rel = 0, ftol_abs = 1e-14, ftol_rel = 0, maxeval = 2000),
  check.rankX = "silent.drop.cols", check.conv.singular = "ignore")

number <- function(x) ifelse(is.na(x), "NA", formatC(x, digits = 10, width = 1, format = "g"))

# frame: the samples where the feature is present. Terms that R drops (rank) have no row.
fit_terms <- function(frame, formula, terms, id) {
  fit <- tryCatch(suppressWarnings(suppressMessages(lmerTest::lmer(formula, frame, REML = TRUE, control = control))),
                  error = function(e) conditionMessage(e))
  if (is.character(fit))
    return(data.frame(feature = id, term = terms, effect = "NA", se = "NA", df = "NA", t = "NA", p = "NA",
                      var_group = "NA", var_residual = "NA", loglik = "NA", singular = NA, n = nrow(frame),
                      rank = NA, error = substr(gsub("[\t\n]", " ", fit), 1, 60)))
  table <- suppressMessages(coef(summary(fit, ddf = "Satterthwaite")))
  terms <- intersect(terms, rownames(table))
  if (!length(terms)) return(NULL)
  if (!"df" %in% colnames(table)) table <- cbind(table, df = NA, "Pr(>|t|)" = NA)
  rows <- table[terms, , drop = FALSE]
  variances <- as.data.frame(VarCorr(fit))$vcov
  data.frame(feature = id, term = terms, effect = number(rows[, "Estimate"]), se = number(rows[, "Std. Error"]),
             df = number(rows[, "df"]), t = number(rows[, "t value"]), p = number(rows[, "Pr(>|t|)"]),
             var_group = number(variances[1]), var_residual = number(variances[2]),
             loglik = number(-0.5 * REMLcrit(fit)), singular = isSingular(fit), n = nrow(frame),
             rank = nrow(table), error = "")
}

split_label <- function(frame) {
  frame$x_b <- ave(frame$label, frame$group)
  frame$x_w <- frame$label - frame$x_b
  frame
}

save_table <- function(rows, file) {
  rows <- do.call(rbind, rows)
  out <- gzfile(file, "w", compression = 9)
  write.table(rows, out, sep = "\t", quote = FALSE, row.names = FALSE)
  close(out)
  cat(file, nrow(rows), "rows\n")
}
