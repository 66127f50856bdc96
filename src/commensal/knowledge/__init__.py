"""Facts that ship, with their sources: pathways as steps, and which genes carry each."""
