# References for survival from R's survival package. Usage: Rscript reference.R DESIGNS.tsv OUT.tsv
# Every row: design, quantity, index, value with 17 digits.
suppressPackageStartupMessages(library(survival))
args <- commandArgs(trailingOnly = TRUE)
all <- read.delim(args[1]); rows <- list()
put <- function(design, quantity, value, index = seq_along(value) - 1) rows[[length(rows) + 1]] <<-
  data.frame(design, quantity, index, value = trimws(formatC(as.numeric(value), digits = 17, format = "g")))
tight <- coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 100)

cox <- function(name, form, d, ties, clustered) {
  m <- if (clustered) coxph(form, data = d, ties = ties, cluster = cage, robust = TRUE, control = tight)
       else coxph(form, data = d, ties = ties, control = tight)
  put(name[1], paste(name[2], "effect"), coef(m)); put(name[1], paste(name[2], "se"), sqrt(diag(vcov(m)))); put(name[1], paste(name[2], "loglik"), m$loglik[2])
  put(name[1], paste(name[2], "p"), 2 * pnorm(-abs(coef(m) / sqrt(diag(vcov(m))))))
}
# Firth: the penalised likelihood by coxph at given coefficients, its maximum by a general optimiser
firth <- function(design, form, d, start) {
  f <- function(b) { m <- coxph(form, data = d, init = b, control = coxph.control(iter.max = 0))
    -m$loglik[2] - 0.5 * sum(log(eigen(solve(vcov(m)))$values)) }
  b <- start
  for (i in 1:3) b <- suppressWarnings(optim(b, f, method = "Nelder-Mead", control = list(reltol = 1e-15, maxit = 5000)))$par
  m <- suppressWarnings(coxph(form, data = d, init = b, control = coxph.control(iter.max = 0)))
  put(design, "cox firth effect", b); put(design, "cox firth se", sqrt(diag(vcov(m))))
}
curves <- function(design, d) for (g in sort(unique(d$group))) {
  one <- d[d$group == g, ]
  for (type in c("log-log", "log", "plain")) {
    s <- survfit(Surv(entry, time, event) ~ 1, data = one, conf.type = type)
    if (all(one$entry < 0)) s <- survfit(Surv(time, event) ~ 1, data = one, conf.type = type)
    keep <- s$n.event + s$n.censor > 0
    put(design, paste("km", g, type, "low"), s$lower[keep]); put(design, paste("km", g, type, "high"), s$upper[keep])
    put(design, paste("median", g, type), summary(s)$table[c("median", "0.95LCL", "0.95UCL")])
  }
  put(design, paste("km", g, "time"), s$time[keep]); put(design, paste("km", g, "risk"), s$n.risk[keep])
  put(design, paste("km", g, "surv"), s$surv[keep]); put(design, paste("km", g, "se"), (s$std.err * s$surv)[keep])
}

for (design in unique(all$design)) {
  d <- all[all$design == design, ]
  late <- any(d$entry >= 0)                       # entry −1 stands for "from the start"
  y <- if (late) quote(Surv(entry, time, event)) else quote(Surv(time, event))
  form <- function(...) { f <- as.formula(paste(deparse(y), "~", ...)); environment(f) <- globalenv(); f }
  if (!late) for (g in c("group", "group + strata(stratum)")) {
    s <- survdiff(form(g), data = d); name <- paste("log-rank", if (grepl("strata", g)) "stratified" else "plain")
    put(design, paste(name, "chi2"), s$chisq)
    put(design, paste(name, "expected"), if (is.matrix(s$exp)) rowSums(s$exp) else s$exp)
    put(design, paste(name, "V"), s$var)
  } else {                                        # survdiff knows no entry; the score test of Cox with exact ties is it
    s <- coxph(form("group"), data = d, ties = "exact", control = tight); put(design, "log-rank entry chi2", s$score)
  }
  for (ties in c("efron", "breslow")) {
    for (strata in c("", " + strata(stratum)")) for (clustered in c(FALSE, TRUE)) {
      label <- paste("cox", ties, if (strata == "") "plain" else "strata", if (clustered) "cluster" else "model")
      cox(c(design, label), form(paste0("group + x", strata)), d, ties, clustered)
    }
  }
  if (length(unique(d$group)) == 2) suppressWarnings(firth(design, form("group + x"), d, c(0, 0)))
  if (design == "no ties") {                      # all deaths in one arm: no finite maximum without the penalty
    d2 <- transform(d, event = event * (group == "b")); suppressWarnings(firth("one side", form("group + x"), d2, c(0, 0)))
  }
  curves(design, d)
  if (!late) for (g in sort(unique(d$group))) {
    one <- d[d$group == g, ]; tau <- as.numeric(quantile(d$time, 0.6))
    t <- summary(survfit(Surv(time, event) ~ 1, data = one), rmean = tau)$table
    put(design, paste("rmst", g), c(t["rmean"], t["se(rmean)"], tau))
    each <- resid(survfit(Surv(time, event) ~ 1, data = one), times = tau, type = "rmst")
    put(design, paste("rmst cages", g), sqrt(sum(tapply(each, one$cage, sum)^2)))
  }
}
write.table(do.call(rbind, rows), gzfile(args[2]), sep = "\t", quote = FALSE, row.names = FALSE)
cat(R.version.string, "survival", as.character(packageVersion("survival")), "\n")
