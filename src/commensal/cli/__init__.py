"""One thin file per verb."""


def main() -> None:
    """Run the command line."""
