# Rscript recipe.R adaFilter.R : reference values of partial conjunction, AdaFilter and mediation.
# adaFilter.R is R/adaFilter.R of the authors' package (github.com/jingshuw/adaFilter), which is not kept here.
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
source(commandArgs(trailingOnly = TRUE)[1])
set.seed(20)

# 60 features × 3 lines: some hold nowhere, some in one line, some in all. Rounded as they are written.
p <- matrix(runif(180), 60)
p[1:8, ] <- p[1:8, ]^8 / 10
p[9:20, 1] <- p[9:20, 1]^6 / 50
p <- signif(p, 6)
rows <- data.frame()
for (r in 2:3) for (error in c("FDR", "FWER")) {
  fit <- adaFilter(p, r, error, 0.1)
  rows <- rbind(rows, data.frame(r = r, error = error, feature = 1:60, selection = fit$selection.p,
                                 filter = fit$filter.p, adjusted = fit$adjusted.p, number = fit$adj.number))
}
# Benjamini & Heller (2008): Bonferroni, Simes and Fisher of the n - r + 1 largest p.
conjunction <- data.frame()
for (r in 1:3) for (i in 1:60) {
  largest <- sort(p[i, ])[r:3]
  k <- length(largest)
  conjunction <- rbind(conjunction, data.frame(r = r, feature = i, bonferroni = min(p.adjust(largest, "bonferroni")),
    simes = min(p.adjust(largest, "BH")), fisher = pchisq(-2 * sum(log(largest)), 2 * k, lower.tail = FALSE)))
}

# Mediation: 24 cages in three arms; mediators of different strength. a by lm of M, b by lm of Y given M, their product
# by 2-dimensional quadrature (integrate within integrate), rho by solving Imai, Keele & Yamamoto's ACME(rho) = 0.
n <- 24
arm <- gl(3, 8, labels = c("vehicle", "one", "two"))
d <- data.frame(arm = arm, age = round(rnorm(n), 3))
d$m1 <- round(1.5 * (arm == "one") + 0.3 * d$age + rnorm(n), 4)
d$m2 <- round(0.4 * (arm == "one") + rnorm(n), 4)
d$m3 <- round(-2 * (arm == "one") + rnorm(n), 4)
d$y <- round(10 + 2 * d$m1 - 0.5 * d$m3 + (arm == "one") + rnorm(n), 4)
quantile_of_product <- function(prob, a, sa, dfa, b, sb, dfb) {
  below <- function(z) integrate(function(u) {
    f <- b + sb * qt(u, dfb)
    ifelse(f > 0, pt((z / f - a) / sa, dfa), pt((z / f - a) / sa, dfa, lower.tail = FALSE))
  }, 0, 1, rel.tol = 1e-9, subdivisions = 5000)$value
  uniroot(function(z) below(z) - prob, c(-60, 60), tol = 1e-10)$root
}
mediation <- data.frame()
for (name in c("m1", "m2", "m3")) {
  first <- lm(reformulate(c("arm", "age"), name), d)
  second <- lm(reformulate(c("arm", "age", name), "y"), d)
  whole <- lm(y ~ arm + age, d)
  a <- coef(summary(first))["armone", ]; b <- coef(summary(second))[name, ]
  ends <- sapply(c(0.025, 0.975), quantile_of_product, a[1], a[2], first$df.residual, b[1], b[2], second$df.residual)
  s1 <- sd(resid(first)); s2 <- sd(resid(whole)); tilde <- cor(resid(first), resid(whole))
  acme <- function(rho) a[1] * s2 / s1 * (tilde - rho * sqrt((1 - tilde^2) / (1 - rho^2)))
  rho <- uniroot(acme, c(-0.9999, 0.9999), tol = 1e-12)$root
  mediation <- rbind(mediation, data.frame(mediator = name, first = a[1], first_se = a[2], first_p = a[4], second = b[1],
    second_se = b[2], second_p = b[4], effect = a[1] * b[1], low = ends[1], high = ends[2], p = max(a[4], b[4]),
    direct = coef(second)["armone"], total = coef(whole)["armone"], rho = rho, df = second$df.residual))
}
write <- function(x, name) write.table(format(x, digits = 15, trim = TRUE), file.path(here, name), sep = "\t", quote = FALSE, row.names = FALSE)
write(as.data.frame(p), "lines.tsv"); write(rows, "adafilter.tsv"); write(conjunction, "conjunction.tsv")
write(d, "cages.tsv"); write(mediation, "mediation.tsv")
