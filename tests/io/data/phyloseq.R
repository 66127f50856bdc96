suppressMessages(library(phyloseq))
otu <- matrix(c(5L, 0L, 3L, 1L, 7L, 2L), nrow = 3, dimnames = list(c("ASV1", "ASV2", "ASV3"), c("S1", "S2")))
tax <- matrix(c(rep("Bacteria", 3), "Firmicutes", "Firmicutes", "Bacteroidota", "Blautia", "Dorea", NA), nrow = 3,
              dimnames = list(rownames(otu), c("Kingdom", "Phylum", "Genus")))
sam <- data.frame(arm = c("abx", "water"), day = c(7, 14), row.names = c("S1", "S2"))
tree <- ape::read.tree(text = "((ASV1:1,ASV2:1):1,ASV3:2);")
ps <- phyloseq(otu_table(otu, taxa_are_rows = TRUE), tax_table(tax), sample_data(sam), phy_tree(tree))
saveRDS(ps, "phyloseq.rds", version = 2)
cat(R.version.string, as.character(packageVersion("phyloseq")), "\n")
