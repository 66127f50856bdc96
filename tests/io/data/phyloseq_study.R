# Twelve people of six households, with a tree, as phyloseq saves them (R 4.2.2, phyloseq 1.42.0, ape 5.7).
suppressMessages(library(phyloseq))
set.seed(1)
n <- 12
taxa <- c("ASV 1", "ASV;2", "ASV3", "ASV4", "ASV5", "ASV6")
otu <- matrix(rpois(6 * n, 40), nrow = n, dimnames = list(sprintf("P%02d", 1:n), taxa))
sam <- data.frame(group = factor(rep(c("patient", "control"), n / 2)), household = sprintf("H%d", (0:(n - 1)) %/% 2),
                  age = c(40:(38 + n), NA), bmi = 20 + (1:n) / 8, smoker = c(TRUE, FALSE, NA, rep(FALSE, n - 3)),
                  row.names = rownames(otu))
tree <- ape::rtree(6, tip.label = taxa)
tree$node.label <- c("root", "a", "b", "c", "d")
saveRDS(phyloseq(otu_table(otu, taxa_are_rows = FALSE), sample_data(sam), phy_tree(tree)), "phyloseq_study.rds", version = 2)
saveRDS(phyloseq(otu_table(otu, taxa_are_rows = FALSE)), "phyloseq_bare.rds", version = 2)
depths <- ape::node.depth.edgelength(tree)[1:6]
cat("from the root to each tip, by ape:", paste(tree$tip.label, round(depths, 6), sep = " = ", collapse = ", "), "\n")
cat(R.version.string, as.character(packageVersion("phyloseq")), as.character(packageVersion("ape")), "\n")
