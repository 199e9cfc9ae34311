"""Which files are coloured, and under which names: all of it said before any is."""

import hashlib
import json
import os
import re
import stat
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from colorlib.colorize.hint_file import hints_to_json, same_spelling
from colorlib.errors import HintError, PictureError
from colorlib.images.optional import is_scan, load_reader
from colorlib.images.picture import ending_for, name_of
from colorlib.images.read import holds_frames, read_picture
from colorlib.images.signatures import kind_of_file
from colorlib.images.write import EXTENSIONS, format_for
from colorlib.video import may_be_film

# What is called so is expected to be a film, and said if it is none.
FILMS = (
    *(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ogv"),
    *(".wmv", ".3gp"),
)
FILM = "film"  # the kind of a job, beside those of `images.signatures`
COMPARE = "compare"  # the folder of the pairs, inside that of the results
RESULTS = ".coloured-files"  # names the results in its folder, a line of JSON each
EARLIER = "results of an earlier run"
_SOUNDS = (".m4a", ".m4b", ".m4r", ".mka", ".weba")  # in containers of films
_ENDING = re.compile(r"\.(?=.*[A-Za-z])([A-Z0-9]{1,5}|[a-z0-9]{1,5})")
_LONGEST_NAME = 255  # bytes, on nearly every disk


@dataclass(frozen=True)
class Job:
    """A picture or film: its file, where the result goes, and the pair (or None).

    `kind` is what it is by its content (`images.signatures`, or `FILM`), or None;
    `note` says, in words, what about the result's name is not as expected; `hints` are
    those for it; `outdated` is a result that was made with other hints.
    """

    source: Path
    target: Path
    pair: Path | None = None
    kind: str | None = None
    note: str = ""
    hints: tuple = ()
    outdated: bool = False

    def missing(self):
        """The files of this job that are not there yet, empty, or outdated."""
        files = filter(None, (self.target, self.pair))
        return [path for path in files if self.outdated or not _is_there(path)]

    @property
    def is_film(self):
        """Whether it is a film."""
        return self.kind == FILM


def plan(files, output, compare=False, hints=None):
    """Decides what is coloured, and under which names.

    Folders are searched with all their folders, which come out again below `output`;
    every file in them that is a picture or a film by its content is taken, whatever it
    is called. Left out are hidden files and folders, `output` itself, results of
    earlier runs, and linked folders (a link may lead in a circle).

    A picture keeps its name where that ending can be written; else it gets that of
    its own kind, or .png. A film gets .mp4. Where another file beside it would get the
    same name, the old ending stays in front of the new one.

    Args:
        files: paths of pictures, films and folders.
        output: the folder of the results.
        compare: also plan a pair for each, in `output/compare`.
        hints: dict from the name of a file (in a folder with those below it) to its
            list of `hints.Hint`s, see `hint_file`; results of earlier runs with other
            hints are then outdated. None: they are not, whatever their hints.

    Returns:
        jobs (list of `Job`), problems (list of str: what cannot be done and why),
        others (`Counter` of the endings of other files, and of `EARLIER`).

    Raises:
        HintError: if there are hints for a name that none of the files has.
    """
    found, problems, others = [], [], Counter()
    for file in map(Path, files):
        if os.path.isdir(file):  # never raises, unlike Path's
            inside = _pictures_in(file, output, problems, others)
            found += [(path, path.relative_to(file), kind) for path, kind in inside]
            if not inside:
                problems.append(_nothing_in(file, others))
        elif os.path.lexists(file):
            found.append((file, Path(file.name), _kind(file)))
        else:
            problems.append(f"{file}: there is no such file.")
    if hints:
        named = [name.as_posix() for _, name, _ in found]
        _check_names(hints, named + [Path(file).name for file in files])
    jobs, taken, earlier = [], {}, cache(_results_in)
    alike = cache(_names_by_stem)  # else each file would list its folder once more
    originals = {_identity(source) for source, _, _ in found} - {None}
    fold = str.casefold if _ignores_case(output) else str
    for source, name, kind in found:
        problem = _unreadable(source, kind)
        if problem:
            problems.append(problem)
            continue
        told = tuple((hints or {}).get(same_spelling(name.as_posix()), ()))
        name, note = _result_name(source, name, kind, alike)
        pair = output / COMPARE / name if compare else None
        target = output / name
        before = earlier(target.parent).get(target.name, _key(told))
        outdated = hints is not None and before != _key(told)
        job = Job(source, target, pair, kind, note, told, outdated)
        problem = _problem(job, originals, taken, fold)
        if problem:
            problems.append(problem)
        elif fold(str(job.target)) not in taken:  # else the same file, named twice
            for path in filter(None, (job.target, job.pair)):
                taken[fold(str(path))] = source
            jobs.append(job)
    return jobs, problems, others


def remember(path, hints=()):
    """Notes that a file is a result, so that no later run takes it for a photograph.

    Args:
        path: of the result.
        hints: `hints.Hint`s that it was made with; with others it is outdated.
    """
    entry = [path.name, _key(hints)] if hints else path.name
    with open(path.parent / RESULTS, "a", encoding="ascii") as file:
        file.write(f"{json.dumps(entry)}\n")


def _results_in(folder):
    """Dict from the files in a folder that earlier runs made to the key of hints."""
    try:
        lines = (folder / RESULTS).read_text(encoding="ascii").splitlines()
        entries = [json.loads(line) for line in lines]
        return dict(e if isinstance(e, list) else (e, "") for e in entries)
    except (OSError, ValueError):
        return {}


def _key(hints):
    """What tells whether hints are the same; "" for none."""
    text = hints_to_json({"": hints}).encode()
    return hashlib.sha256(text).hexdigest()[:16] if hints else ""


def _check_names(hints, names):
    """Raises `HintError` if there are hints for none of these names."""
    names = {same_spelling(name) for name in names}
    unknown = [name for name in hints if name not in names]
    if unknown:
        more = f" and {len(unknown) - 1} more" if unknown[1:] else ""
        raise HintError(
            f"there are hints for {unknown[0]}{more}, which is not among the files to "
            "colour; a file in a folder is named as below it, such as trip/photo.jpg."
        )


def _pictures_in(folder, output, problems, others):
    """Pairs of path and kind of all pictures and films below a folder."""
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
        earlier = _results_in(Path(place))
        for name in sorted(names):
            path = Path(place, name)
            if name.startswith("."):
                continue
            if name in earlier:
                others[EARLIER] += 1
                continue
            kind, ending = _kind(path), path.suffix.lower()
            if kind == FILM and ending in _SOUNDS:
                kind = None
            if kind == "PDF":
                try:
                    kind = kind if is_scan(path) else None
                except PictureError:
                    kind = None
                    ending += " (scans need pypdfium2: pip install pypdfium2)"
            if kind or ending in EXTENSIONS:
                inside.append((path, kind))
            else:
                others[ending] += 1
    return inside


def _kind(path):
    """What a file is: by its content, or by the ending of a film; None if neither."""
    kind = kind_of_file(path)
    if kind is None:
        film = path.suffix.lower() in FILMS or (
            _is_ordinary(path) and may_be_film(path)
        )
        kind = FILM if film else None
    return kind


def _result_name(source, name, kind, alike):
    """The name of a result below the output folder, and what to say about it.

    Args:
        source: path of the file.
        name: its path below the folder that was named.
        kind: from `_kind`.
        alike: `_names_by_stem`, cached.
    """
    ending = ending_for(kind)
    if kind == FILM:
        ending = ".mp4"
        if name.suffix.lower() == ending:
            return name.with_suffix(ending), ""
    elif _keeps_name(source, kind):
        return name, ""
    short = _renamed(name.name, ending)
    rivals = [] if short == f"{name.name}{ending}" else _rivals(source, alike)
    if any(rival.casefold() == short.casefold() for rival in rivals):
        short = f"{name.name}{ending}"
    too_long = len(os.fsencode(short)) - _LONGEST_NAME
    while too_long > 0:
        short = f"{short[: -len(ending) - 1]}{ending}"
        too_long = len(os.fsencode(short)) - _LONGEST_NAME
    if kind == FILM:
        return name.with_name(short), ""
    read, written = name_of(kind), name_of(format_for(short))
    note = f"it is a {read}" if read == written else f"{read} in, {written} out"
    return name.with_name(short), note


def _keeps_name(source, kind):
    """Whether a picture is written under its own ending."""
    ending = source.suffix.lower()
    if kind is None:  # what is wrong with it is said when it is read
        return True
    try:
        written = format_for(source)
    except PictureError:
        return False
    return written == kind or (ending != ".pdf" and not holds_frames(source, ending))


def _renamed(name, ending):
    """A name with another ending; what only looks like one ("Mr. Smith") stays."""
    stem, old = os.path.splitext(name)
    return f"{stem if _ENDING.fullmatch(old) else name}{ending}"


def _names_by_stem(folder):
    """Dict from the stem of a name, in small letters, to the files of a folder.

    Results of earlier runs are not among them.
    """
    earlier, alike = _results_in(folder), {}
    for name in os.listdir(folder):
        if name not in earlier:
            alike.setdefault(Path(name).stem.casefold(), []).append(name)
    return alike


def _rivals(source, alike):
    """The names that results of files beside a source have, of those named alike."""
    for name in alike(source.parent).get(source.stem.casefold(), ()):
        path = source.parent / name
        if name == source.name:
            continue
        kind = _kind(path)
        if kind == FILM:
            yield _renamed(name, ".mp4")
        elif kind or path.suffix.lower() in EXTENSIONS:
            keeps = _keeps_name(path, kind)
            yield name if keeps else _renamed(name, ending_for(kind))


def _unreadable(source, kind):
    """Why a file cannot be read, as far as that is known now; or None."""
    try:
        if kind is None and source.suffix.lower() not in EXTENSIONS:
            read_picture(source)  # says what it is
        elif kind != FILM:
            load_reader(kind)
    except PictureError as error:
        said = str(error)
        return said if said.startswith(str(source)) else f"{source}: {said}"
    return None


def _nothing_in(folder, others):
    if others[EARLIER]:
        return (
            f"{folder}: nothing but {EARLIER}; name files of it to colour them again."
        )
    return f"{folder}: a folder without pictures and films."


def _problem(job, originals, taken, fold):
    """Why a job must not be done, or None."""
    for path in filter(None, (job.target, job.pair)):
        if _identity(path) in originals:
            return (
                f"{job.source}: the result would replace the original {path}; "
                "choose another --output."
            )
        if os.path.isdir(path):
            return f"{job.source}: {path} is a folder; choose another --output."
        other = taken.get(fold(str(path)))
        if other and not same(other, job.source):
            return (
                f"{job.source}: has the same name as {other}; colour it into "
                "another --output."
            )
    return None


def _is_there(path):
    try:
        return os.path.isfile(path) and os.path.getsize(path) > 0
    except OSError:  # gone meanwhile
        return False


def _is_ordinary(path):
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return False


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
