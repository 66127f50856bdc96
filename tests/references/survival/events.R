# References for competing events, intervals, proportional hazards and curves over cages, from R's survival package.
# Usage: Rscript events.R DESIGNS.tsv OUT.tsv.gz. Every row: design, quantity, index, value with 17 digits.
# The cause of an event is b where x > 0, else a; intervals are the event's stretch between visits every 20 units.
suppressPackageStartupMessages(library(survival))
args <- commandArgs(trailingOnly = TRUE)
all <- read.delim(args[1]); rows <- list()
put <- function(design, quantity, value, index = seq_along(value) - 1) rows[[length(rows) + 1]] <<-
  data.frame(design, quantity, index, value = trimws(formatC(as.numeric(value), digits = 17, format = "g")))
tight <- coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 100)

for (design in c("no ties", "ties", "heavy ties", "late entry")) {
  d <- all[all$design == design, ]; d$id <- seq_len(nrow(d)); late <- any(d$entry >= 0)
  d$cause <- factor(ifelse(d$event == 0, 0, 1 + (d$x > 0)), levels = 0:2, labels = c("censored", "a", "b"))
  f <- if (late) Surv(entry, time, event) ~ group + x else Surv(time, event) ~ group + x
  m <- coxph(f, data = d, control = tight)
  for (g in c("km", "identity", "log", "rank")) put(design, paste("zph", g), cox.zph(m, transform = g)$table[, "chisq"])
  m <- coxph(update(f, . ~ . + strata(stratum)), data = d, control = tight)
  put(design, "zph strata", cox.zph(m, transform = "km")$table[, "chisq"])
  for (g in sort(unique(d$group))) {
    one <- d[d$group == g, ]
    s <- if (late) survfit(Surv(entry, time, event) ~ 1, data = one, cluster = cage, robust = TRUE)
         else survfit(Surv(time, event) ~ 1, data = one, cluster = cage, robust = TRUE)
    keep <- s$n.event + s$n.censor > 0 & s$surv > 0
    put(design, paste("km cages", g), (s$std.err * (if (s$logse) s$surv else 1))[keep])
    s <- if (late) survfit(Surv(entry, time, cause) ~ 1, data = one, id = id, conf.type = "log-log")
         else survfit(Surv(time, cause) ~ 1, data = one, id = id, conf.type = "log-log")
    keep <- rowSums(s$n.event) + rowSums(as.matrix(s$n.censor)) > 0
    for (k in c("a", "b")) { j <- match(k, s$states)
      put(design, paste("incidence", g, k), s$pstate[keep, j]); put(design, paste("incidence se", g, k), s$std.err[keep, j])
      put(design, paste("incidence low", g, k), s$lower[keep, j]); put(design, paste("incidence high", g, k), s$upper[keep, j]) }
  }
  if (!late) {
    fg <- finegray(Surv(time, cause) ~ group, data = d, etype = "a")
    m <- coxph(Surv(fgstart, fgstop, fgstatus) ~ group, data = fg, weights = fgwt, ties = "breslow",
               init = 0, control = coxph.control(iter.max = 0))
    put(design, "fine-gray score", sum(fg$fgwt * resid(m, type = "score")))
    L <- floor((d$time - 1e-9) / 20) * 20; R <- ifelse(d$event == 1, L + 20, NA); L <- ifelse(d$event == 1, L, d$time)
    for (g in sort(unique(d$group))) { i <- d$group == g
      s <- survfit(Surv(ifelse(L[i] == 0, NA, L[i]), R[i], type = "interval2") ~ 1)
      for (t in seq(20, 100, 20)) put(design, paste("turnbull", g), summary(s, times = t, extend = TRUE)$surv, t) }
  }
}
# Firth's profile: the penalised likelihood with the group's coefficient held, the other's maximum by a search on a line
for (design in c("few", "no ties", "one side")) {
  d <- all[all$design == if (design == "one side") "no ties" else design, ]
  if (design == "one side") d <- transform(d, event = event * (group == "b"))
  f <- function(b) { m <- suppressWarnings(coxph(Surv(time, event) ~ group + x, data = d, init = b,
    control = coxph.control(iter.max = 0))); m$loglik[2] - 0.5 * sum(log(eigen(vcov(m))$values)) }
  at <- function(b1) optimize(function(b2) f(c(b1, b2)), c(-6, 6), maximum = TRUE, tol = 1e-11)$objective
  best <- optimize(at, c(-6, 8), maximum = TRUE, tol = 1e-10)
  drop <- function(b1) best$objective - at(b1) - qchisq(0.95, 1) / 2
  put(design, "firth profile", c(pchisq(2 * (best$objective - at(0)), 1, lower.tail = FALSE),
    uniroot(drop, c(best$maximum - 12, best$maximum), tol = 1e-11)$root,
    uniroot(drop, c(best$maximum, best$maximum + 12), tol = 1e-11)$root))
}
write.table(do.call(rbind, rows), gzfile(args[2]), sep = "\t", quote = FALSE, row.names = FALSE)
cat(R.version.string, "survival", as.character(packageVersion("survival")), "\n")
