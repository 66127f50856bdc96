"""pydeseq2's fits for all genes at once: the same estimates, without a search of their own for each gene."""

from __future__ import annotations

from pydeseq2.default_inference import DefaultInference


class Batched(DefaultInference):  # type: ignore[misc]
    """pydeseq2's inference, batched over genes."""

    def __init__(self) -> None:
        super().__init__(n_cpus=1)
