# Reads what `commensal export` wrote beside this file. In R:
#   source("load.R"); study <- commensal("folder")
# study$samples, study$estimates, study$claims are data frames; study$tables has a matrix (features x samples) for each
# assay; study$phyloseq (if phyloseq is installed) and study$experiments (if TreeSummarizedExperiment or
# SummarizedExperiment is installed) hold the same as objects of Bioconductor.
commensal <- function(folder = ".") {
  from <- function(name) {
    path <- file.path(folder, name)
    if (!file.exists(path)) return(NULL)
    read.delim(path, check.names = FALSE, quote = "\"", comment.char = "", na.strings = "", stringsAsFactors = FALSE,
               colClasses = NA, encoding = "UTF-8")
  }
  named <- function(frame) { # the first column is the id
    rownames(frame) <- as.character(frame[[1]])
    frame
  }
  samples <- read.delim(file.path(folder, "samples.tsv"), check.names = FALSE, quote = "\"", comment.char = "",
                        na.strings = "", colClasses = c(sample = "character"), encoding = "UTF-8")
  samples <- named(samples)
  index <- from("assays.tsv")
  study <- list(samples = samples, estimates = from("estimates.tsv"), claims = from("claims.tsv"), tables = list(),
                phyloseq = list(), experiments = list())
  for (i in seq_len(nrow(index))) {
    name <- index$assay[i]
    values <- named(from(index$file[i]))
    table <- as.matrix(values[, -1, drop = FALSE])
    storage.mode(table) <- "double"
    features <- named(from(index$features[i]))[rownames(table), -1, drop = FALSE]
    own <- samples[colnames(table), , drop = FALSE]
    study$tables[[name]] <- table
    tree <- if (!is.na(index$tree[i])) file.path(folder, index$tree[i]) else NULL
    if (index$kind[i] %in% c("taxa", "genes") && requireNamespace("phyloseq", quietly = TRUE)) {
      parts <- list(phyloseq::otu_table(table, taxa_are_rows = TRUE), phyloseq::sample_data(own),
                    phyloseq::tax_table(as.matrix(features)))
      if (!is.null(tree)) parts <- c(parts, list(phyloseq::read_tree(tree)))
      study$phyloseq[[name]] <- do.call(phyloseq::phyloseq, parts)
    }
    if (requireNamespace("TreeSummarizedExperiment", quietly = TRUE)) {
      study$experiments[[name]] <- TreeSummarizedExperiment::TreeSummarizedExperiment(
        assays = stats::setNames(list(table), index$value[i]), colData = own, rowData = features,
        rowTree = if (is.null(tree)) NULL else ape::read.tree(tree))
    } else if (requireNamespace("SummarizedExperiment", quietly = TRUE)) {
      study$experiments[[name]] <- SummarizedExperiment::SummarizedExperiment(
        assays = stats::setNames(list(table), index$value[i]), colData = own, rowData = features)
    }
  }
  study
}
