"""Which files are coloured, and under which names: all of it said before any is."""

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from colorlib.errors import PictureError
from colorlib.images.io import EXTENSIONS, format_for

FILMS = (  # their endings; every result is an mp4
    *(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ogv"),
    *(".wmv", ".3gp"),
)
COMPARE = "compare"  # the folder of the pairs, inside that of the results


@dataclass(frozen=True)
class Job:
    """A picture or film: its file, where the result goes, and the pair (or None)."""

    source: Path
    target: Path
    pair: Path | None = None

    def missing(self):
        """The files of this job that are not there yet."""
        return [p for p in (self.target, self.pair) if p and not p.is_file()]

    @property
    def is_film(self):
        """Whether it is a film, by its ending."""
        return self.source.suffix.lower() in FILMS


def plan(files, output, compare=False):
    """Decides what is coloured, and under which names.

    Folders are searched with all their folders, which come out again below `output`.
    Left out are hidden files and folders, `output` itself, and linked folders (a link
    may lead in a circle).

    Args:
        files: paths of pictures, films and folders.
        output: the folder of the results; a picture keeps its name, a film gets the
            ending .mp4.
        compare: also plan a pair for each, in `output/compare`.

    Returns:
        jobs (list of `Job`), problems (list of str: what cannot be done and why),
        others (`Counter` of the endings of other files).
    """
    found, problems, others = [], [], Counter()
    for file in map(Path, files):
        if os.path.isdir(file):  # never raises, unlike Path's
            inside = _pictures_in(file, output, problems, others)
            found += [(path, path.relative_to(file)) for path in inside]
            if not inside:
                problems.append(
                    f"{file}: a folder without pictures and films "
                    f"({', '.join(EXTENSIONS + FILMS)})."
                )
        elif os.path.lexists(file):
            found.append((file, Path(file.name)))
        else:
            problems.append(f"{file}: there is no such file.")
    jobs, taken = [], {}
    originals = {_identity(source) for source, _ in found} - {None}
    fold = str.casefold if _ignores_case(output) else str
    for source, name in found:
        if source.suffix.lower() in FILMS:
            name = name.with_suffix(".mp4")
        job = Job(source, output / name, output / COMPARE / name if compare else None)
        problem = _problem(job, originals, taken, fold)
        if problem:
            problems.append(problem)
        elif fold(str(job.target)) not in taken:  # else the same file, named twice
            for path in filter(None, (job.target, job.pair)):
                taken[fold(str(path))] = source
            jobs.append(job)
    return jobs, problems, others


def _pictures_in(folder, output, problems, others):
    inside = []

    def unreadable(error):
        problems.append(f"{error.filename}: cannot be listed ({error.strerror}).")

    result = _identity(output)
    for place, folders, names in os.walk(folder, onerror=unreadable):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and _identity(Path(place, name)) != result
        )
        for name in sorted(names):
            path = Path(place, name)
            if name.startswith("."):
                continue
            if path.suffix.lower() in EXTENSIONS + FILMS:
                inside.append(path)
            else:
                others[path.suffix.lower()] += 1
    return inside


def _problem(job, originals, taken, fold):
    """Why a job must not be done, or None."""
    try:
        if not job.is_film:
            format_for(job.target)
    except PictureError as error:
        return str(error).replace(str(job.target), str(job.source), 1)
    for path in filter(None, (job.target, job.pair)):
        if _identity(path) in originals:
            return (
                f"{job.source}: the result would replace the original {path}; "
                "choose another --output."
            )
        if path.is_dir():
            return f"{job.source}: {path} is a folder; choose another --output."
        other = taken.get(fold(str(path)))
        if other and not same(other, job.source):
            return (
                f"{job.source}: has the same name as {other}; colour it into "
                "another --output."
            )
    return None


def _identity(path):
    """What tells whether two paths are one file, through links and upper case."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def same(first, second):
    """Whether two paths are one file, or will be."""
    return first == second or _identity(first) == _identity(second) is not None


def _ignores_case(folder):
    """Whether a.jpg and A.JPG are one file in this folder, or where it will be."""
    folder = Path(folder).absolute()
    for place in (folder, *folder.parents):
        other = place.with_name(place.name.swapcase()) if place.name else place
        if other != place and place.exists():
            return _identity(other) == _identity(place)
    return False
