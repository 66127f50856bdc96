"""Starting folders for ``init --like``, and what ``init`` needs to write a study file for two tables."""
