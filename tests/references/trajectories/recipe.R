# Rscript recipe.R : emmeans contrasts of one lmer per day, adjusted for baseline and not; slopes by lmer with random
# slopes of mouse and cage (complete data: two stages are the same); areas by trapezoids, then lmer. On data.tsv.gz.
suppressPackageStartupMessages({library(lme4); library(lmerTest); library(emmeans)})
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
data <- read.delim(gzfile(file.path(here, "data.tsv.gz")))
tight <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-12, maxfun = 1e5), calc.derivs = TRUE)
rows <- list()
take <- function(study, what, day, fit) {
  found <- as.data.frame(contrast(emmeans(fit, "arm", lmer.df = "satterthwaite"), "trt.vs.ctrl"))
  for (i in 1:2) rows[[length(rows) + 1]] <<- data.frame(study, what, day, arm = c("one", "two")[i],
    effect = found$estimate[i], se = found$SE[i], df = found$df[i], p = 2 * pt(-abs(found$t.ratio[i]), found$df[i]))
}
for (name in unique(data$study)) {
  d <- subset(data, study == name); d$arm <- factor(d$arm)
  start <- with(subset(d, day == 0), setNames(y, mouse))
  d$base <- start[d$mouse]
  for (t in c(7, 14, 21, 28)) {
    here_t <- subset(d, day == t)
    take(name, "plain", t, lmer(y ~ arm + (1 | cage), data = here_t, control = tight))
    take(name, "adjusted", t, lmer(y ~ arm + base + (1 | cage), data = here_t, control = tight))
  }
  whole <- split(d, d$mouse)
  area <- do.call(rbind, lapply(whole, function(m) if (max(m$day) < 28) NULL else data.frame(
    m[1, c("arm", "cage", "base")], y = sum(diff(m$day) * (head(m$y, -1) + tail(m$y, -1)) / 2))))
  take(name, "area", NA, lmer(y ~ arm + base + (1 | cage), data = area, control = tight))
  if (name == "complete") {
    slope <- do.call(rbind, lapply(whole, function(m) data.frame(m[1, c("arm", "cage")], y = coef(lm(y ~ day, m))[2])))
    take(name, "slope", NA, lmer(y ~ arm + (1 | cage), data = slope, control = tight))
    # one model of all values: the same slopes and nearly the same errors (REML of both levels at once)
    fit <- lmer(y ~ arm * day + (1 + day | cage) + (1 + day | mouse), data = d, control = tight)
    for (one in c("one", "two")) rows[[length(rows) + 1]] <- data.frame(study = name, what = "one model", day = NA,
      arm = one, effect = fixef(fit)[paste0("arm", one, ":day")],
      se = sqrt(vcov(fit)[paste0("arm", one, ":day"), paste0("arm", one, ":day")]), df = NA, p = NA)
  }
}
out <- do.call(rbind, rows)
for (one in c("effect", "se", "df", "p")) out[[one]] <- ifelse(is.na(out[[one]]), "NA", formatC(out[[one]], digits = 12, width = 1, format = "g"))
file <- gzfile(file.path(here, "reference.tsv.gz"), "w", compression = 9)
write.table(out, file, sep = "\t", quote = FALSE, row.names = FALSE); close(file)
print(sapply(sessionInfo()$otherPkgs, function(one) one$Version))
