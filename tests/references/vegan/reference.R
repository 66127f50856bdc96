# References for commensal.stats from vegan. Usage: Rscript reference.R small|jacobs2016|kostic2015 OUT.tsv [DATA_DIR]
# Every row: quantity, index (sample in file order, or pair, or nothing), value with 17 digits.
suppressPackageStartupMessages({library(vegan); library(permute)})
args <- commandArgs(trailingOnly = TRUE)
which <- args[1]; out <- args[2]; here <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
rows <- list()
put <- function(quantity, value, index = "") rows[[length(rows) + 1]] <<-
  data.frame(quantity, index, value = trimws(formatC(as.numeric(value), digits = 17, format = "g")))
each <- function(quantity, values) put(quantity, values, seq_along(values) - 1)
pairs <- function(quantity, d) { m <- as.matrix(d); w <- which(upper.tri(m), arr.ind = TRUE)
  put(quantity, m[w], paste(w[, 1] - 1, w[, 2] - 1)) }
NPERM <- 9999

F_of <- function(d, x, fixed = NULL) {                    # the marginal F of a label after fixed columns, by vegan
  frame <- data.frame(x = x); form <- d ~ x
  if (!is.null(fixed)) { frame <- cbind(fixed, frame); form <- reformulate(c(colnames(fixed), "x"), "d"); environment(form) <- environment() }
  adonis2(form, data = frame, permutations = 0, by = "terms")["x", "F"]
}
p_of <- function(null, observed) (1 + sum(null >= observed - sqrt(.Machine$double.eps))) / (1 + length(null))

term <- function(name, fit, row) { put(paste0(name, ".F"), fit[row, "F"]); put(paste0(name, ".R2"), fit[row, "R2"])
  put(paste0(name, ".df2"), fit["Residual", "Df"]); put(paste0(name, ".p"), fit[row, "Pr(>F)"]) }

F_groups <- function(y, g) anova(lm(y ~ factor(g)))[1, "F value"]
# labels rearranged over the distances to centroid themselves; `draw` gives one arrangement
dispersion <- function(b, x, draw) p_of(replicate(NPERM, F_groups(b$distances, draw())), F_groups(b$distances, x))
carried <- function(x, block) { first <- !duplicated(block); setNames(x[first], block[first]) }
whole <- function(x, block) function() { own <- carried(x, block); setNames(sample(own), names(own))[block] }
inside <- function(x, block) function() ave(x, block, FUN = function(v) v[sample.int(length(v))])

if (which == "small") {
  t <- read.delim(file.path(here, "small.tsv")); counts <- as.matrix(t[, -(1:5)]); shares <- counts / rowSums(counts)
  each("rarefy.60", rarefy(counts, min(rowSums(counts)))); each("rarefy.10", rarefy(counts, 10))
  each("shannon", diversity(counts, "shannon"))
  d <- vegdist(shares, "bray"); pairs("bray", d)
  pairs("aitchison.counts", vegdist(counts, "aitchison", pseudocount = 0.5))
  pairs("aitchison.shares", vegdist(shares, "aitchison", pseudocount = min(shares[shares > 0]) / 2))
  pairs("euclidean", vegdist(shares, "euclidean"))
  block <- factor(t$block); label <- t$label
  set.seed(1)
  term("free", adonis2(d ~ label, permutations = NPERM, by = "terms"), "label")
  term("numeric", adonis2(d ~ age, data = t, permutations = NPERM, by = "terms"), "age")
  term("covariate", adonis2(d ~ age + label, data = t, permutations = NPERM, by = "terms"), "label")
  within <- how(nperm = NPERM, blocks = block)
  term("within", adonis2(d ~ label, permutations = within, by = "terms"), "label")
  term("after_block", adonis2(d ~ block + label, permutations = within, by = "terms"), "label")
  # every arrangement within households: rows of expand.grid over the choices of each household
  ways <- lapply(levels(block), function(b) { at <- which(block == b); combn(length(at), sum(label[at]), simplify = FALSE) })
  grid <- expand.grid(lapply(ways, seq_along))
  arrange <- function(i) { x <- rep(0, length(label)); for (b in seq_along(ways)) {
    at <- which(block == levels(block)[b]); x[at[ways[[b]][[grid[i, b]]]]] <- 1 }; x }
  fixed <- data.frame(block = block)
  null <- vapply(seq_len(nrow(grid)), function(i) F_of(d, arrange(i), fixed), 0)
  put("after_block.exact.n", nrow(grid)); put("after_block.exact.p", mean(null >= F_of(d, label, fixed) * (1 - 1e-8)))
  # whole households: the arm is theirs; 5 choose 2 ways
  arm <- t$arm; picks <- combn(levels(block), 2, simplify = FALSE)
  null <- vapply(picks, function(s) F_of(d, as.numeric(block %in% s)), 0)
  put("whole.F", F_of(d, arm)); put("whole.exact.n", length(picks))
  put("whole.exact.p", mean(null >= F_of(d, arm) * (1 - 1e-8)))
  b <- betadisper(d, factor(label), type = "centroid"); each("betadisper", b$distances)
  put("betadisper.F", anova(b)[1, "F value"]); put("betadisper.effect", diff(b$group.distances))
  put("betadisper.free.p", permutest(b, permutations = NPERM)$tab[1, "Pr(>F)"])
  put("betadisper.within.p", permutest(b, permutations = within)$tab[1, "Pr(>F)"])
  w <- betadisper(d, factor(arm), type = "centroid"); put("betadisper.whole.F", anova(w)[1, "F value"])
  put("betadisper.free.distance.p", dispersion(b, label, function() sample(label)))
  null <- vapply(seq_len(nrow(grid)), function(i) F_groups(b$distances, arrange(i)), 0)
  put("betadisper.within.exact.p", mean(null >= F_groups(b$distances, label) * (1 - 1e-8)))
  null <- vapply(picks, function(s) F_groups(w$distances, block %in% s), 0)
  put("betadisper.whole.exact.p", mean(null >= F_groups(w$distances, arm) * (1 - 1e-8)))
  k <- cmdscale(d, k = 2, eig = TRUE); each("pcoa.1", k$points[, 1]); each("pcoa.2", k$points[, 2])
  put("pcoa.share", k$eig[1:2] / sum(k$eig[k$eig > 0]), 0:1)
  p <- c(0.01, 0.04, 0.03, 0.8, 0.03, 1e-6, NA, 0.5, 0.049); each("bh", p.adjust(p, "BH"))
} else {
  dir <- file.path(args[3], which)
  table <- function(f) read.delim(gzfile(file.path(dir, f)), check.names = FALSE, quote = "", comment.char = "")
  counts <- table("genera.counts.tsv.gz"); meta <- table("metadata.tsv.gz")
  meta <- meta[match(counts$Sample, meta$Sample), ]; counts <- as.matrix(counts[, -1])
  d <- vegdist(counts / rowSums(counts), "bray")
  depth <- sort(rowSums(counts), decreasing = TRUE)[ceiling(0.95 * nrow(counts))]
  deep <- rowSums(counts) >= depth; rich <- rep(NA, nrow(counts))
  rich[deep] <- rarefy(counts[deep, ], depth); put("depth", depth); each("rarefy", rich)
  each("shannon", diversity(counts)); put("bray.sum", sum(d))
  put("aitchison.sum", sum(vegdist(counts, "aitchison", pseudocount = 0.5)))
  set.seed(1)
  if (which == "jacobs2016") {
    label <- as.numeric(meta$Study.Group != "Normal"); family <- factor(meta$Family_ID)
    within <- how(nperm = NPERM, blocks = family)
    term("free", adonis2(d ~ label, permutations = NPERM, by = "terms"), "label")
    term("within", adonis2(d ~ label, permutations = NPERM, strata = family, by = "terms"), "label")
    term("after_block", adonis2(d ~ family + label, permutations = NPERM, strata = family, by = "terms"), "label")
  } else {
    label <- as.numeric(meta$Study.Group == "case"); subject <- as.character(meta$Subject)
    term("free", adonis2(d ~ label, permutations = NPERM, by = "terms"), "label")
    # labels constant in strata make adonis2(strata=) return p = 1, so whole infants change labels by hand
    draw <- whole(label, subject); null <- replicate(NPERM, F_of(d, draw())); own <- carried(label, subject)
    put("whole.p", p_of(null, F_of(d, label))); put("whole.n_distinct", choose(length(own), sum(own)))
  }
  b <- betadisper(d, factor(label), type = "centroid"); each("betadisper", b$distances)
  put("betadisper.F", anova(b)[1, "F value"]); put("betadisper.effect", diff(b$group.distances))
  put("betadisper.free.p", permutest(b, permutations = NPERM)$tab[1, "Pr(>F)"])
  if (which == "jacobs2016") {
    put("betadisper.within.p", permutest(b, permutations = within)$tab[1, "Pr(>F)"])
    put("betadisper.within.distance.p", dispersion(b, label, inside(label, family)))
  } else put("betadisper.whole.distance.p", dispersion(b, label, whole(label, subject)))
}
write.table(do.call(rbind, rows), out, sep = "\t", quote = FALSE, row.names = FALSE)
cat(which, ":", R.version.string, "vegan", as.character(packageVersion("vegan")), "permute", as.character(packageVersion("permute")), "\n")
