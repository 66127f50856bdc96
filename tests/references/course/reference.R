# Rscript reference.R, in this folder, after simulate.py: contrasts.tsv, turnbull.tsv, welch.tsv, versions.txt
suppressMessages({library(lmerTest); library(survival)})
d <- read.delim("data.tsv")
d$before_case <- d$case * (1 - d$after)
d$after_case <- d$case * d$after
control <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhobeg = 1e-3, rhoend = 1e-10, maxfun = 1e6),
                       check.conv.singular = "ignore")
rows <- list()
for (unit in c("mouse", "cage")) for (y in c("y1", "y2")) {
  d$y <- d[[y]]; d$u <- factor(d[[unit]]); d$up <- factor(paste(d[[unit]], d$after))
  fit <- lmer(y ~ age + after + before_case + after_case + (1 | u) + (1 | up), d, control = control)
  names <- names(fixef(fit))
  one <- function(b, w) { v <- setNames(numeric(length(names)), names); v["before_case"] <- b; v["after_case"] <- w; v }
  contrasts <- list(before = one(1, 0), with = one(0, 1), difference = one(-1, 1))
  for (name in names(contrasts)) {
    s <- contest1D(fit, contrasts[[name]])
    rows[[length(rows) + 1]] <- data.frame(unit = unit, y = y, contrast = name, effect = s[["Estimate"]],
      se = s[["Std. Error"]], df = s[["df"]], statistic = s[["t value"]])
  }
  f <- contestMD(fit, rbind(contrasts$before, contrasts$with))
  rows[[length(rows) + 1]] <- data.frame(unit = unit, y = y, contrast = "omnibus", effect = NA, se = NA,
    df = f[["DenDF"]], statistic = f[["F value"]])
}
out <- do.call(rbind, rows)
write.table(format(out, digits = 15), "contrasts.tsv", sep = "\t", quote = FALSE, row.names = FALSE)

# interval-censored onsets: some exact, some never seen to begin
low <- c(0, 2, 2, 4, 5, 5, 7, 3, 6, 9, 8, 8)
high <- c(3, 4, 6, 4, 7, 9, 8, 5, 10, NA, NA, 8)
s <- survfit(Surv(low, high, type = "interval2") ~ 1, conf.type = "none")
write.table(data.frame(time = s$time, surv = format(s$surv, digits = 12)), "turnbull.tsv", sep = "\t", quote = FALSE,
            row.names = FALSE)

# Welch's test of means of three places, and of two
x <- list(north = c(4.1, 5.2, 6.3, 5.5, 4.9), south = c(6.8, 7.9, 7.1, 9.4, 8.8, 7.0), west = c(5.1, 5.0, 8.2, 6.6))
rows <- lapply(list(c(1, 2, 3), c(1, 2)), function(k) {
  long <- stack(x[k]); w <- oneway.test(values ~ ind, long)
  data.frame(places = length(k), statistic = w$statistic, df = w$parameter[[1]], df2 = w$parameter[[2]], p = w$p.value)
})
write.table(format(do.call(rbind, rows), digits = 14), "welch.tsv", sep = "\t", quote = FALSE, row.names = FALSE)
writeLines(c(R.version.string, paste(c("lme4", "lmerTest", "survival"),
  sapply(c("lme4", "lmerTest", "survival"), function(p) as.character(packageVersion(p))))), "versions.txt")
