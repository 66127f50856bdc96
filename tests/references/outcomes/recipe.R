# Rscript recipe.R : clm and clmm, survreg, glm.nb, glmer, and marginal likelihoods by trapezoids on data.tsv.gz.
suppressPackageStartupMessages({library(lme4); library(ordinal); library(survival); library(MASS)})
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
data <- read.delim(gzfile(file.path(here, "data.tsv.gz")))
rows <- list()
keep <- function(design, outcome, model, fit) rows[[length(rows) + 1]] <<- data.frame(
  design = design, outcome = outcome, model = model, effect = fit[[1]], se = fit[[2]], p_wald = fit[[3]],
  p_lrt = fit[[4]], sd_group = fit[[5]], spread = fit[[6]], loglik = fit[[7]])
wald <- function(b, s) 2 * pnorm(-abs(b / s))
lrt <- function(a, b) pchisq(2 * (a - b), 1, lower.tail = FALSE)

# Largest of a marginal likelihood with one normal intercept; value(par, u) is the log-likelihood of a group's rows.
marginal <- function(par, rows_of, value) {
  sd <- exp(par[length(par)])
  total <- 0
  if (sd > 20 || sd < 1e-4) return(-1e6)  # of these data neither end is best where this is asked
  for (rows in rows_of) {
    h <- function(u) sapply(u, function(v) value(par, rows, sd * v)) + dnorm(u, log = TRUE)
    top <- optimize(h, c(-12, 12), maximum = TRUE, tol = 1e-8)
    bent <- max(1, -(h(top$maximum + 1e-3) - 2 * h(top$maximum) + h(top$maximum - 1e-3)) / 1e-6)
    if (!is.finite(bent)) return(-1e6)
    reach <- 9 / sqrt(bent)
    grid <- seq(-reach, reach, length.out = 241)  # trapezoids: of a smooth bell they are exact to rounding
    area <- sum(exp(h(top$maximum + grid) - top$objective)) * (grid[2] - grid[1])
    total <- total + top$objective + log(area)
  }
  total
}
largest <- function(start, rows_of, value, held = integer()) {
  free <- setdiff(seq_along(start), held)
  at <- function(x) { par <- start; par[held] <- 0; par[free] <- x; -marginal(par, rows_of, value) }
  found <- optim(start[free], at, method = "BFGS", control = list(reltol = 1e-13, ndeps = rep(1e-4, length(free)), maxit = 300))
  found <- optim(found$par, at, method = "BFGS", control = list(reltol = 1e-15, ndeps = rep(1e-5, length(free)), maxit = 300))
  list(par = found$par, value = -found$value, at = at)
}
mixed <- function(start, rows_of, value) {  # the contrast is coefficient 2, log sd last, log spread before it
  full <- largest(start, rows_of, value)
  null <- largest(full$par, rows_of, value, held = 2)
  se <- sqrt(solve(optimHess(full$par, full$at, control = list(ndeps = rep(1e-3, length(start)))))[2, 2])
  k <- length(start)
  list(full$par[2], se, wald(full$par[2], se), lrt(full$value, null$value), exp(full$par[k]), exp(full$par[k - 1]), full$value)
}

for (name in unique(data$design)) {
  d <- subset(data, design == name)
  x <- cbind(1, d$arm, d$age)
  rows_of <- split(seq_len(nrow(d)), d$group)
  for (tag in c("flat", "grouped")) {
    d$s <- factor(d[[paste0("score.", tag)]]); d$v <- d[[paste0("value.", tag)]]
    d$n <- d[[paste0("count.", tag)]]; d$c <- d[[paste0("poisson.", tag)]]; d$g <- factor(d$group)
    tight <- clm.control(gradTol = 1e-10, maxIter = 500L)
    a <- clm(s ~ arm + age, data = d, control = tight); b <- clm(s ~ age, data = d, control = tight)
    s <- coef(summary(a))["arm", ]
    keep(name, paste0("score.", tag), "clm", list(s[1], s[2], s[4], lrt(a$logLik, b$logLik), 0, NA, a$logLik))
    if (tag == "grouped") {
      own <- clmm.control(gradTol = 1e-9, maxIter = 500)
      a <- clmm(s ~ arm + age + (1 | g), data = d, nAGQ = 15L, Hess = TRUE, control = own)
      b <- clmm(s ~ age + (1 | g), data = d, nAGQ = 15L, control = own)
      s <- coef(summary(a))["arm", ]
      keep(name, paste0("score.", tag), "clmm", list(s[1], s[2], s[4], lrt(a$logLik, b$logLik), a$ST[[1]][1], NA, a$logLik))
    }
    # a ceiling at 7, a floor at 4.5, and whole numbers between 5 and 6 known as an interval
    low <- ifelse(d$v > 7, 7, ifelse(d$v < 4.5, -Inf, ifelse(d$v > 5 & d$v < 6, 5, d$v)))
    high <- ifelse(d$v > 7, Inf, ifelse(d$v < 4.5, 4.5, ifelse(d$v > 5 & d$v < 6, 6, d$v)))
    y <- Surv(ifelse(is.finite(low), low, NA), ifelse(is.finite(high), high, NA), type = "interval2")
    steps <- survreg.control(rel.tolerance = 1e-14, maxiter = 200)
    a <- survreg(y ~ arm + age, data = d, dist = "gaussian", control = steps)
    b <- survreg(y ~ age, data = d, dist = "gaussian", control = steps)
    se <- sqrt(vcov(a)["arm", "arm"])
    keep(name, paste0("value.", tag), "survreg", list(coef(a)[2], se, wald(coef(a)[2], se), lrt(a$loglik[2], b$loglik[2]), 0, a$scale, a$loglik[2]))
    top <- Surv(pmin(d$v, 6.5), d$v < 6.5)
    a <- survreg(top ~ arm + age, data = d, dist = "gaussian", control = steps)
    b <- survreg(top ~ age, data = d, dist = "gaussian", control = steps)
    se <- sqrt(vcov(a)["arm", "arm"])
    keep(name, paste0("value.", tag), "survreg, ceiling", list(coef(a)[2], se, wald(coef(a)[2], se), lrt(a$loglik[2], b$loglik[2]), 0, a$scale, a$loglik[2]))
    if (tag == "grouped" && name != "cages") {
      value <- function(par, rows, b) {
        eta <- drop(x[rows, ] %*% par[1:3]) + b; sigma <- exp(par[4])
        exact <- low[rows] == high[rows]
        sum(ifelse(exact, dnorm(low[rows], eta, sigma, log = TRUE),
                   log(pnorm(high[rows], eta, sigma) - pnorm(low[rows], eta, sigma))))
      }
      keep(name, paste0("value.", tag), "trapezoids", mixed(c(5, 0.9, 0.4, 0, -0.2), rows_of, value))
    }
    a <- glm.nb(n ~ arm + age, data = d, control = glm.control(epsilon = 1e-14, maxit = 200))
    b <- glm.nb(n ~ age, data = d, control = glm.control(epsilon = 1e-14, maxit = 200))
    keep(name, paste0("count.", tag), "glm.nb", list(coef(a)[2], NA, NA, lrt(logLik(a), logLik(b)), 0, a$theta, logLik(a)))
    if (tag == "grouped") {
      value <- function(par, rows, b) {
        eta <- drop(x[rows, ] %*% par[1:3]) + b
        sum(dnbinom(d$n[rows], size = exp(par[4]), mu = exp(eta), log = TRUE))
      }
      if (name != "cages") keep(name, paste0("count.", tag), "trapezoids", mixed(c(1, 0.9, 0.4, 0.7, -0.2), rows_of, value))
      tight <- glmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10, maxfun = 1e5))
      a <- glmer(c ~ arm + age + (1 | g), data = d, family = poisson, nAGQ = 25, control = tight)
      b <- glmer(c ~ age + (1 | g), data = d, family = poisson, nAGQ = 25, control = tight)
      s <- coef(summary(a))["arm", ]
      # glmer's log-likelihood with nAGQ > 1 leaves out the saturated model's: differences only
      keep(name, paste0("poisson.", tag), "glmer", list(s[1], s[2], s[4], lrt(logLik(a), logLik(b)), sqrt(unlist(VarCorr(a))), Inf, NA))
    }
  }
}
out <- gzfile(file.path(here, "reference.tsv.gz"), "w", compression = 9)
table <- do.call(rbind, rows)
for (one in names(table)[-(1:3)]) table[[one]] <- ifelse(is.na(table[[one]]), "NA", formatC(as.numeric(table[[one]]), digits = 12, width = 1, format = "g"))
write.table(table, out, sep = "\t", quote = FALSE, row.names = FALSE)
close(out)
cat(nrow(table), "rows\n")
print(sessionInfo()$otherPkgs |> lapply(\(one) one$Version) |> unlist())
