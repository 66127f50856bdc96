# Rscript recipe.R OUT : glm, Firth by optim and by brglm2, glmer (nAGQ = 7) and clogit (exact) on small.data.tsv.gz,
# and Firth's model of the endometrial data of Heinze and Schemper 2002. See README.md.
suppressPackageStartupMessages({library(lme4); library(survival); library(brglm2)})
args <- commandArgs(trailingOnly = TRUE)
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
number <- function(x) ifelse(is.na(x), "NA", formatC(x, digits = 12, width = 1, format = "g"))

save_table <- function(rows, file) {
  rows <- do.call(rbind, rows)
  out <- gzfile(file.path(args[1], file), "w", compression = 9)
  write.table(rows, out, sep = "\t", quote = FALSE, row.names = FALSE)
  close(out)
  cat(file, nrow(rows), "rows\n")
}

# Penalised log-likelihood l + log|I| / 2, I the whole Fisher information also where a coefficient is held.
penalised <- function(beta, x, y) {
  eta <- drop(x %*% beta)
  w <- plogis(eta) * plogis(-eta)
  sum(y * eta - ifelse(eta > 0, eta + log1p(exp(-eta)), log1p(exp(eta)))) +
    as.numeric(determinant(crossprod(x, w * x))$modulus) / 2
}
# Largest with coefficient j held at b (none held: j = 0), by optim from several starts, polished.
largest <- function(x, y, j = 0, b = 0, start = rep(0, ncol(x))) {
  free <- setdiff(seq_len(ncol(x)), j)
  at <- function(par) { beta <- start; if (j) beta[j] <- b; beta[free] <- par; penalised(beta, x, y) }
  par <- start[free]
  for (i in 1:6) par <- optim(par, at, method = if (length(par) > 1 && i %% 2) "Nelder-Mead" else "BFGS",
                              control = list(fnscale = -1, reltol = 1e-15, maxit = 5000))$par
  list(par = par, value = at(par))
}
firth <- function(x, y, j) {
  scale <- apply(x, 2, function(v) if (sd(v) > 0) sd(v) else 1)
  scale <- unname(scale)
  z <- unname(sweep(x, 2, scale, "/"))
  full <- largest(z, y)
  eta <- drop(z %*% full$par)
  se <- sqrt(solve(crossprod(z, plogis(eta) * plogis(-eta) * z))[j, j])
  drop_at <- function(b) 2 * (full$value - largest(z, y, j, b, full$par)$value)
  end <- function(side) {
    far <- 3; while (drop_at(full$par[j] + side * far * se) < 3.85) far <- 2 * far
    uniroot(function(d) drop_at(full$par[j] + side * d * se) - qchisq(0.95, 1), c(0.1, far), tol = 1e-7)$root
  }
  chisq <- drop_at(0)
  c(effect = full$par[j] / scale[j], se = se / scale[j], chisq = chisq,
    p_lrt = pchisq(chisq, 1, lower.tail = FALSE), low = (full$par[j] - end(-1) * se) / scale[j],
    high = (full$par[j] + end(1) * se) / scale[j], loglik = full$value)
}

data(endometrial, package = "brglm2")
columns <- cbind(1, as.matrix(endometrial[, c("NV", "PI", "EH")]))
rows <- lapply(2:4, function(j) {
  out <- firth(columns, endometrial$HG, j)
  check <- glm(HG ~ NV + PI + EH, binomial, endometrial, method = "brglmFit", type = "MPL_Jeffreys", epsilon = 1e-12)
  data.frame(term = colnames(columns)[j], t(sapply(out, number)), brglm2 = number(coef(check)[j]))
})
save_table(rows, "endometrial.tsv.gz")
save_table(list(endometrial), "endometrial.data.tsv.gz")

quiet <- function(code) suppressWarnings(suppressMessages(code))
control <- glmerControl(optimizer = "bobyqa", tolPwrss = 1e-13,
                        optCtrl = list(rhobeg = 0.02, rhoend = 1e-9, maxfun = 100000), check.conv.singular = "ignore")
mixed <- function(frame, formula) quiet(glmer(formula, frame, binomial, nAGQ = 7, control = control))

# clogit stops where the estimate runs off to infinity: then there is nothing to compare.
matched <- function(frame) {
  one <- function(formula) tryCatch(quiet(clogit(formula, frame, method = "exact",
    control = coxph.control(eps = 1e-12, iter.max = 50))), error = function(e) NULL)
  full <- one(y ~ label + age + strata(group)); null <- one(y ~ age + strata(group))
  if (is.null(full) || is.null(null))
    return(data.frame(effect = "NA", se = "NA", p_wald = "NA", p_lrt = "NA", loglik = "NA"))
  table <- coef(summary(full))["label", ]
  drop <- 2 * (full$loglik[2] - null$loglik[2])
  data.frame(effect = number(table[1]), se = number(table[3]), p_wald = number(table[5]),
             p_lrt = number(pchisq(drop, 1, lower.tail = FALSE)), loglik = number(full$loglik[2]))
}

data <- read.delim(file.path(here, "small.data.tsv.gz"), stringsAsFactors = FALSE)
fixed <- blocked <- strata <- list()
for (design in unique(data$design)) for (name in grep("^y[0-9]+$", names(data), value = TRUE)) {
  frame <- data[data$design == design & !is.na(data[[name]]), ]
  frame$y <- frame[[name]]
  id <- data.frame(design = design, feature = as.integer(sub("y", "", name)))
  full <- quiet(glm(y ~ label + age, binomial, frame, epsilon = 1e-14, maxit = 50))
  null <- quiet(glm(y ~ age, binomial, frame, epsilon = 1e-14, maxit = 50))
  table <- coef(summary(full))["label", ]
  drop <- deviance(null) - deviance(full)
  # optim is slow: two features of each design
  f <- c(effect = NA, se = NA, chisq = NA, p_lrt = NA, low = NA, high = NA, loglik = NA)
  if (name %in% c("y0", "y5")) f <- firth(cbind(1, frame$label, frame$age), frame$y, 2)
  fixed[[length(fixed) + 1]] <- cbind(id, data.frame(effect = number(table[1]), se = number(table[2]),
    p_wald = number(table[4]), p_lrt = number(pchisq(drop, 1, lower.tail = FALSE)), loglik = number(logLik(full)),
    firth = t(sapply(f, number))))
  full <- mixed(frame, y ~ label + age + (1 | group)); null <- mixed(frame, y ~ age + (1 | group))
  table <- coef(summary(full))["label", ]
  drop <- max(0, 2 * as.numeric(logLik(full) - logLik(null)))
  blocked[[length(blocked) + 1]] <- cbind(id, data.frame(effect = number(table[1]), se = number(table[2]),
    p_wald = number(table[4]), p_lrt = number(pchisq(drop, 1, lower.tail = FALSE)), sd = number(getME(full, "theta"))))
  if (length(unique(ave(frame$label, frame$group) - frame$label)) > 1)
    strata[[length(strata) + 1]] <- cbind(id, matched(frame))
}
save_table(fixed, "fixed.tsv.gz")
save_table(blocked, "mixed.tsv.gz")
save_table(strata, "conditional.tsv.gz")
cat(R.version.string, sapply(c("lme4", "survival", "brglm2"), function(p) paste(p, packageVersion(p))), sep = "\n")
