# Rscript small.R OUT : references on small.data.tsv.gz, plain and split within groups, with a covariate.
args <- commandArgs(trailingOnly = TRUE)
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
source(file.path(here, "common.R"))
data <- read.delim(file.path(here, "small.data.tsv.gz"), stringsAsFactors = FALSE)
rows <- list()
for (design in unique(data$design)) for (j in grep("^y[0-9]+$", names(data), value = TRUE)) {
  part <- data[data$design == design & !is.na(data[[j]]), ]
  part$y <- part[[j]]
  id <- paste0(design, "\t", j)
  rows[[length(rows) + 1]] <- cbind(model = "plain", fit_terms(part, y ~ label + age + (1 | group), "label", id))
  rows[[length(rows) + 1]] <- cbind(model = "split",
    fit_terms(split_label(part), y ~ x_w + age + x_b + (1 | group), c("x_w", "x_b"), id))
}
rows <- do.call(rbind, rows)
names(rows)[names(rows) == "feature"] <- "design\tfeature"
save_table(list(rows), file.path(args[1], "small.tsv.gz"))
