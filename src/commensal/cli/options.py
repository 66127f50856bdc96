"""Options that several verbs have, said once: the same name, the same words."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[
    Path | None, typer.Option("--data", help="Folder that the file's paths start from (default: the study file's).")
]
Workers = Annotated[int, typer.Option("--workers", min=1, help="Processes on this machine.")]
Cluster = Annotated[
    str | None, typer.Option("--cluster", help="Dask cluster: tcp://host:port, tls://host:port, or its scheduler file.")
]
Memory = Annotated[
    str | None, typer.Option("--memory", help="What each worker may take, such as 4GB; fewer start if they must.")
]
