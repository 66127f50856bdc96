"""``doctor``: what is installed, what works, and what to install for the rest."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from commensal.execution.environment import python
from commensal.execution.parts import PARTS, Package, Part, cores, memory, package, room

#: Below this a run of an ordinary study may not fit, in bytes.
LITTLE_MEMORY, LITTLE_ROOM = 4 << 30, 1 << 30


@dataclass(frozen=True, slots=True)
class Examined:
    """A part and its packages as they were found."""

    part: Part
    packages: tuple[Package, ...]

    @property
    def works(self) -> bool:
        """Whether all of its packages can be imported."""
        return all(one.works for one in self.packages)


@dataclass(frozen=True, slots=True)
class Health:
    """What was found on this machine.

    Parameters
    ----------
    python
        Version and platform.
    parts
        Every part, in the order of `PARTS`.
    cores, memory, room
        Processors that may be used; bytes of memory (None: not known); bytes free in the current folder.
    trial
        What went wrong in a tiny run through reading, testing and drawing; None when it went well.
    remarks
        What deserves attention although everything works.
    """

    python: str
    parts: tuple[Examined, ...]
    cores: int
    memory: int | None
    room: int
    trial: str | None
    remarks: tuple[str, ...]

    @property
    def sound(self) -> bool:
        """Whether everything works that is not optional."""
        return self.trial is None and all(one.works for one in self.parts if not one.part.optional)


def doctor() -> Health:
    """Say what is installed, which parts work, and what to install for those that do not.

    Every package is imported, and a tiny study is read, checked and answered.

    Examples
    --------
    >>> doctor().sound
    True
    """
    parts = tuple(Examined(part, tuple(package(*one) for one in part.packages)) for part in PARTS)
    core = all(one.works for one in parts if not one.part.optional)
    have, free = memory(), room()
    remarks = []
    if have is not None and have < LITTLE_MEMORY:
        remarks.append(f"{have / 2**30:.1f} GB of memory: large studies may need 4 GB")
    if free < LITTLE_ROOM:
        remarks.append(f"{free / 2**30:.1f} GB free in this folder: results need room")
    try:
        with tempfile.TemporaryFile():
            pass
    except OSError as error:
        remarks.append(
            f"no temporary file can be made ({error.strerror}): set TMPDIR to a folder that can be written to"
        )
    trial = _trial() if core else "not tried: the core is not complete"
    return Health(python(), parts, cores(), have, free, trial, tuple(remarks))


def _trial() -> str | None:
    from commensal import simulation
    from commensal.pipeline.run import run

    try:
        with tempfile.TemporaryDirectory() as folder:
            run(simulation.cohort(Path(folder) / "study", households=8, species=20, molecules=20), Path(folder) / "out")
    except Exception as error:  # whatever is broken on this machine is what is asked for
        return f"{type(error).__name__}: {error}".splitlines()[0]
    return None
