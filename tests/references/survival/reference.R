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

# function and survival: one pair after another. 1: i fares better than j, −1: worse
better <- function(i, j, d) {
  if (d$event[j] == 1 && (d$time[i] > d$time[j] || (d$time[i] == d$time[j] && d$event[i] == 0))) return(1)
  if (d$event[i] == 1 && (d$time[j] > d$time[i] || (d$time[j] == d$time[i] && d$event[j] == 0))) return(-1)
  if (d$event[i] == 1 && d$event[j] == 1) return(0)
  if (is.na(d$change[i]) || is.na(d$change[j])) return(0)
  sign(d$change[i] - d$change[j])
}
wins <- function(design, d) {
  n <- nrow(d); k <- matrix(0, n, n); for (i in 1:n) for (j in 1:n) k[i, j] <- better(i, j, d)
  put(design, "cafs score", rowSums(k)); put(design, "cafs rank", rank(rowSums(k)))
  for (kind in c("plain", "stratified")) {
    layer <- if (kind == "plain") rep(1, n) else d$stratum
    W <- L <- B <- 0; V <- matrix(0, 2, 2)
    for (s in unique(layer)) {
      a <- which(d$group == "b" & layer == s); c <- which(d$group == "a" & layer == s); N <- length(a) + length(c)
      b <- length(a) * length(c); if (b == 0) next
      w <- 1 * (k[a, c, drop = FALSE] == 1); l <- 1 * (k[a, c, drop = FALSE] == -1)
      W <- W + sum(w) / N; L <- L + sum(l) / N; B <- B + b / N
      # Bebu & Lachin: covariance of (share won, share lost) over cases / cases + over controls / controls
      V <- V + (b / N)^2 * (cov(cbind(rowMeans(w), rowMeans(l))) / length(a) + cov(cbind(colMeans(w), colMeans(l))) / length(c))
    }
    put(design, paste("win", kind), c(W / L, (W - L) / B))
    if (kind == "plain") { g <- c(1 / W, -1 / L) * B; V <- V / B^2
      put(design, "win variance", c(t(g) %*% V %*% g, V[1, 1] + V[2, 2] - 2 * V[1, 2])) }
  }
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
  if (!late && length(unique(d$group)) == 2) { d$change <- ifelse(d$event == 1, NA, round(d$x, 1)); wins(design, d) }
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
