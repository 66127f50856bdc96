# Rscript adjust.R adjust.tsv     p.adjust of 24 p, two of them missing
set.seed(7)
p <- signif(c(runif(14), 10^-runif(10, 1, 6)), 6)
p[c(3, 17)] <- NA
p[9] <- p[4]
out <- data.frame(p, BH = p.adjust(p, "BH"), BY = p.adjust(p, "BY"), holm = p.adjust(p, "holm"))
write.table(format(out, digits = 17), commandArgs(TRUE)[1], sep = "\t", row.names = FALSE, quote = FALSE)
