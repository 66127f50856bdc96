"""Room: page."""
