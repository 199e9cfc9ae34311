"""Reading, splitting and filtering sets of pictures."""

import io
import re
import shutil
import tarfile
import tracemalloc
import unicodedata
import zipfile

import numpy as np
import pytest
from PIL import Image
from small import ROOT

from colorlib.data import archives, sets, splits
from colorlib.data.catalog import DATA_SETS
from colorlib.data.sets import PARTS, concatenate, load_pictures
from colorlib.errors import DataError


def write(path, seed, grey=False, size=(24, 20)):
    """Writes a small picture, coloured (or grey) noise that depends on the seed."""
    rgb = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), "uint8")
    rgb[..., 0] |= 128
    if grey:
        rgb[:] = rgb[..., :1]
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(rgb).resize(size, Image.Resampling.NEAREST).save(path)


@pytest.fixture(scope="module")
def album(tmp_path_factory):
    """60 pictures: 40 of the sea and 20 of cities."""
    folder = tmp_path_factory.mktemp("sets") / "album"
    for i in range(60):
        write(folder / ("sea" if i % 3 else "city") / f"no{i:02d}.png", i)
    return folder


def names(name, **options):
    return [set(load_pictures(name, part, 16, **options).names) for part in PARTS]


# ---- The split


def test_parts_are_disjoint_and_whole(album):
    train, validation, test = names(album)
    assert train and validation and test
    assert not train & validation and not train & test and not validation & test
    assert len(train | validation | test) == 60


def test_split_is_the_same_every_time(album, monkeypatch):
    first = load_pictures(album, "train", 16)
    again = load_pictures(str(album), "train", 16)
    assert first.names == again.names
    assert (first.rgb == again.rgb).all()
    assert first.names != sorted(first.names)  # the order looks random
    assert first.categories != sorted(first.categories)


def test_split_is_this_one_on_every_machine():
    """These values fix the split: another hash would move published test pictures."""
    held_out = splits.held_out([f"{i}.jpg" for i in range(40)], r"(.*)", 0.10)
    assert [i for i, held in enumerate(held_out) if held] == [2, 21, 22, 27, 37]
    entries = [sets.Entry(f"{i}.jpg", "", None) for i in range(6)]
    assert [int(e.name[0]) for e in splits.stable_order(entries)] == [4, 0, 1, 3, 2, 5]


def test_split_does_not_depend_on_the_other_pictures(album, tmp_path):
    smaller = tmp_path / "album"
    shutil.copytree(album, smaller)
    for path in sorted(smaller.rglob("*.png"))[::4]:
        path.unlink()
    for whole, fewer in zip(names(album), names(smaller)):
        assert fewer <= whole


def test_validation_and_test_are_a_tenth():
    many = [f"picture {i}" for i in range(20_000)]
    for salt in ("validation", "test"):
        share = np.mean(splits.held_out(many, r"(.*)", 0.10, salt))
        assert share == pytest.approx(0.10, abs=0.007)  # three standard errors
    validation = np.array(splits.held_out(many, r"(.*)", 0.10))
    test = np.array(splits.held_out(many, r"(.*)", 0.10, "test"))
    assert validation[test].mean() == pytest.approx(0.10, abs=0.03)  # independent


def test_even_three_pictures_have_all_parts(tmp_path):
    for i in range(3):
        write(tmp_path / "few" / f"{i}.png", i)
    assert [len(part) for part in names(tmp_path / "few")] == [1, 1, 1]


def group_of(pattern, name):
    found = re.match(pattern, name.rsplit("/", 1)[-1])
    assert found, name
    return found.group(1)


def test_crops_of_one_photograph_stay_together():
    parts = [load_pictures("samples", part, 16, min_chroma=0) for part in PARTS]
    pattern = DATA_SETS["samples"].group
    groups = [{group_of(pattern, name) for name in part.names} for part in parts]
    assert len(parts[0]) > len(groups[0])  # there are photographs with several crops
    assert not groups[0] & groups[1]
    assert not (groups[0] | groups[1]) & groups[2]


def test_groups_go_one_way():
    many = [f"sea__photo{i // 4}_{i % 4}.jpg" for i in range(400)]
    held = splits.held_out(many, DATA_SETS["samples"].group, 0.10)
    quads = np.array(held).reshape(100, 4)
    assert (quads.all(axis=1) == quads.any(axis=1)).all()
    assert 0 < quads.any(axis=1).sum() < 30


def test_panels_of_one_page_stay_together():
    many = [
        f"{kind}__ep{e:02d}_p{p:02d}_0{i}_00.jpg"
        for kind in ("panel", "detail")
        for e in range(9)
        for p in range(9)
        for i in range(3)
    ]
    held = splits.held_out(many, DATA_SETS["comics"].group, 0.10)
    pages = {}
    for name, flag in zip(many, held):
        pages.setdefault(re.search(r"ep\d+_p\d+", name).group(), set()).add(flag)
    assert all(len(flags) == 1 for flags in pages.values())
    assert any(held) and not all(held)


# ---- What is kept


def test_grey_pictures_are_left_out_and_counted(tmp_path):
    for i in range(40):
        write(tmp_path / "set" / f"{i}.png", i, grey=i % 4 == 0)
    parts = [load_pictures(tmp_path / "set", part, 16) for part in PARTS]
    assert sum(part.counts["grey"] for part in parts) == 10
    assert sum(map(len, parts)) == 30
    assert f"{parts[0].counts['grey']} grey" in parts[0].describe()
    everything = names(tmp_path / "set", min_chroma=0)
    assert sum(map(len, everything)) == 40


def test_only_grey_pictures_is_an_error(tmp_path):
    for i in range(20):
        write(tmp_path / "set" / f"{i}.png", i, grey=True)
    with pytest.raises(DataError, match="none of .* all are grey"):
        load_pictures(tmp_path / "set")


def test_bad_files_are_counted_and_listed(album, tmp_path):
    folder = tmp_path / "album"
    shutil.copytree(album, folder)
    whole = (folder / "sea" / "no01.png").read_bytes()
    (folder / "sea" / "truncated.png").write_bytes(whole[:60])
    (folder / "sea" / "empty.jpg").write_bytes(b"")
    (folder / "sea" / "text.jpg").write_text("not a picture")
    parts = [load_pictures(folder, part, 16) for part in PARTS]
    listed = [line for part in parts for line in part.bad]
    assert sum(part.counts["bad"] for part in parts) == len(listed) == 3
    for name in ("truncated.png", "empty.jpg", "text.jpg"):
        assert any(line.startswith(f"sea/{name}: ") for line in listed), name
    assert sum(map(len, parts)) == 60


def test_other_files_are_not_pictures(album, tmp_path):
    folder = tmp_path / "album"
    shutil.copytree(album, folder)
    (folder / "README.md").write_text("about")
    (folder / "sea" / "._no01.png").write_bytes(b"what a Mac leaves in archives")
    assert names(folder) == names(album)


# ---- What is no data, and what is there twice


HIDDEN = [
    ".ipynb_checkpoints/no01-checkpoint.png",
    "sea/.ipynb_checkpoints/no01-checkpoint.png",
    ".thumbnails/large/no01.png",
    "__MACOSX/sea/no01.png",
    "__MACOSX/sea/._no01.png",
    "sea/._no01.png",
    ".no01.png",
]


def album_with(album, folder, extra):
    """A copy of the album with copies of one picture under other names."""
    shutil.copytree(album, folder)
    for name in extra:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(album / "sea" / "no01.png", folder / name)
    return folder


@pytest.mark.parametrize("ending", ["", "zip", "tar", "tgz"])
def test_what_is_hidden_is_no_data(album, tmp_path, ending):
    folder = album_with(album, tmp_path / "album", HIDDEN)
    path = pack(folder, tmp_path / f"album.{ending}", True) if ending else folder
    assert names(path) == names(album)
    listed = [name for name, _ in archives.list_files(path, sets.is_picture)]
    assert len(listed) == 60


def test_a_data_set_may_lie_in_a_hidden_folder(album, tmp_path):
    shutil.copytree(album, tmp_path / ".cache" / "album")
    assert names(tmp_path / ".cache" / "album") == names(album)


@pytest.mark.parametrize("ending", ["", "zip", "tar", "tgz"])
def test_equal_pictures_are_in_one_part(album, tmp_path, ending):
    """Under whatever name, in whatever folder: or the test is of what was learned."""
    copies = [f"{place}/copy{i}.png" for place in ("sea", "more") for i in range(40)]
    folder = album_with(album, tmp_path / "album", copies)
    path = pack(folder, tmp_path / f"album.{ending}", True) if ending else folder
    parts = names(path)
    same = {*copies, "sea/no01.png"}
    assert sorted(len(part & same) for part in parts) == [0, 0, 81]
    assert len(set.union(*parts)) == 140
    for part, plain in zip(parts, names(album)):  # the others stay where they were
        assert part - same == plain - same


@pytest.mark.parametrize("name", ["album (1).zip", "my.album.2023.zip", "holiday.tgz"])
def test_a_copy_of_another_name_is_split_alike(album, tmp_path, name):
    path = pack(album, tmp_path / name, True)
    there = [{n.removeprefix("album/") for n in part} for part in names(path)]
    assert there == names(album)


def test_umlauts_are_split_alike_however_they_are_spelled(tmp_path):
    parts = []
    for form in ("NFC", "NFD"):
        for i in range(40):
            name = unicodedata.normalize(form, f"Müller {i}.png")
            write(tmp_path / form / name, i)
        parts.append(names(tmp_path / form))
        parts[-1] = [{unicodedata.normalize("NFC", n) for n in p} for p in parts[-1]]
    assert parts[0] == parts[1] and all(parts[0])


# ---- What is asked for


def test_pictures_have_the_asked_size_and_order(album):
    pictures = load_pictures(album, "train", 16)
    assert pictures.rgb.shape == (len(pictures), 16, 16, 3)
    assert pictures.rgb.dtype == np.uint8
    for name, category in zip(pictures.names, pictures.categories):
        assert name.startswith(category + "/")
    one = Image.open(album / pictures.names[0]).crop((2, 0, 22, 20))  # middle square
    one = one.resize((16, 16), Image.Resampling.LANCZOS)
    difference = np.abs(np.asarray(one, float) - pictures.rgb[0])
    assert difference.mean() < 3


def test_network_arrays(album):
    pictures = load_pictures(album, "test", 16)
    L, ab = pictures.L(), pictures.ab()
    assert L.shape == (len(pictures), 16, 16, 1) and L.dtype == np.float32
    assert ab.shape == (len(pictures), 16, 16, 2) and ab.dtype == np.float32
    assert -1 <= L.min() < L.max() <= 1
    assert -0.9 < ab.min() < ab.max() < 0.9
    assert ab[..., 0].mean() > 0.1  # the album is reddish: a > 0, not b


def test_categories(album):
    cities = load_pictures(album, "train", 16, categories=["city"])
    assert set(cities.categories) == {"city"}
    both = load_pictures(album, "train", 16, categories=["city", "sea"])
    assert both.names == load_pictures(album, "train", 16).names
    with pytest.raises(ValueError, match="no category forest; it has city, sea"):
        load_pictures(album, categories=["forest"])


def test_limit_counts_train_and_validation_together(album):
    train, validation, _ = names(album, limit=30)
    assert len(train) + len(validation) == 30
    all_train, all_validation, _ = names(album)
    assert train < all_train and validation < all_validation
    assert len(load_pictures(album, "test", 16, limit=1)) == 1


@pytest.mark.parametrize(
    "options",
    [{"part": "dev"}, {"size": 4}, {"size": 10_000}, {"limit": 0}, {"limit": -1}],
)
def test_wrong_arguments_are_named(album, options):
    (key, value), *_ = options.items()
    with pytest.raises(ValueError, match=f"{key} must be .*{value}"):
        load_pictures(album, **options)


def test_concatenate(album):
    train, test = (load_pictures(album, part, 16) for part in ("train", "test"))
    joined = concatenate([train, test])
    assert len(joined) == len(train) + len(test) == len(joined.rgb)
    assert joined.names == train.names + test.names
    assert joined.counts["read"] == train.counts["read"] + test.counts["read"]
    with pytest.raises(ValueError, match="one size"):
        concatenate([train, load_pictures(album, "test", 24)])
    with pytest.raises(ValueError, match="one size"):
        concatenate([])


# ---- Folders and archives


ENDINGS = ["zip", "tar", "tgz", "tar.gz", "tar.xz"]


def pack(folder, path, top):
    """Packs a folder, with its own name at the top or without."""
    start = folder.parent if top else folder
    files = sorted(folder.rglob("*.png"), reverse=True)
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for file in files:
                archive.write(file, file.relative_to(start))
    else:
        kind = {"tar": "w", "xz": "w:xz"}.get(path.name.split(".")[-1], "w:gz")
        with tarfile.open(path, kind) as archive:
            for file in files:
                dot = "" if top else "./"  # as `tar -C folder .` writes them
                archive.add(file, dot + str(file.relative_to(start)))
    return path


@pytest.mark.parametrize("top", [True, False])
@pytest.mark.parametrize("ending", ENDINGS)
def test_archives_have_the_pictures_and_split_of_the_folder(
    album, tmp_path, ending, top
):
    path = pack(album, tmp_path / f"album.{ending}", top)
    for part in PARTS:
        expected, got = load_pictures(album, part, 16), load_pictures(path, part, 16)
        assert got.names == expected.names
        assert got.categories == expected.categories
        assert (got.rgb == expected.rgb).all()


def test_folder_without_pictures(tmp_path):
    with pytest.raises(DataError, match=r"no picture found \(looked for \.jpg"):
        load_pictures(tmp_path)
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(DataError, match="no picture found"):
        load_pictures(tmp_path)


def test_archive_without_pictures(tmp_path):
    with zipfile.ZipFile(tmp_path / "empty.zip", "w") as archive:
        archive.writestr("notes.txt", "nothing")
    with pytest.raises(DataError, match="no picture found"):
        load_pictures(tmp_path / "empty.zip")


def test_path_that_does_not_exist(tmp_path):
    with pytest.raises(DataError, match="neither a data set .*nor an existing"):
        load_pictures(tmp_path / "nowhere")


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("share", [0.9, 0.5, 0.1])
def test_truncated_archive(album, tmp_path, ending, share):
    path = pack(album, tmp_path / f"album.{ending}", True)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(DataError, match="album.*delete it and fetch it again"):
        load_pictures(path)


def test_tar_cut_between_two_files(album, tmp_path):
    """Python's tarfile takes it for complete: only the closing zeros are missing."""
    path = pack(album, tmp_path / "album.tar", True)
    with tarfile.open(path) as archive:
        cut = archive.getmembers()[30].offset
    path.write_bytes(path.read_bytes()[:cut])
    with tarfile.open(path) as archive:
        assert len(archive.getmembers()) == 30
    with pytest.raises(DataError, match="the end of the tar is missing"):
        load_pictures(path)


def test_not_an_archive(tmp_path):
    (tmp_path / "page.zip").write_text("<html>404</html>")
    with pytest.raises(DataError, match="page.zip.*neither a folder nor a complete"):
        load_pictures(tmp_path / "page.zip")


def test_damaged_member_of_a_zip_is_counted(album, tmp_path):
    path = tmp_path / "album.zip"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(album.rglob("*.png")):
            archive.write(file, file.relative_to(album))
        start = archive.infolist()[10].header_offset
        name = archive.infolist()[10].filename
    contents = bytearray(buffer.getvalue())
    begin = start + 30 + len(name)  # after the header of the member
    contents[begin : begin + 20] = bytes(20)
    path.write_bytes(contents)
    parts = [load_pictures(path, part, 16) for part in PARTS]
    assert [line.split(":")[0] for part in parts for line in part.bad] == [name]
    assert sum(map(len, parts)) == 59


def archive_of(path, sizes):
    """An archive of files of zeros: name and size of each."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, size in sizes.items():
                archive.writestr(name, bytes(size))
        return path
    kind = {"tar": "w", "xz": "w:xz"}.get(path.name.split(".")[-1], "w:gz")
    with tarfile.open(path, kind) as archive:
        for name, size in sizes.items():
            member = tarfile.TarInfo(name)
            member.size = size
            archive.addfile(member, io.BytesIO(bytes(size)))
    return path


def most_memory(function):
    """The most bytes that Python held at once while a function ran."""
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_file_that_unpacks_too_large_is_not_read(tmp_path, monkeypatch, ending):
    monkeypatch.setattr(archives, "MAX_FILE", 1_000_000)
    sizes = {"a.png": 30_000_000, "b.png": 1_000_001, "c.png": 1_000_000}
    path = archive_of(tmp_path / f"bomb.{ending}", sizes)
    found = []

    def load():
        for name, read in archives.list_files(path, sets.is_picture):
            try:
                found.append((name, len(read())))
            except DataError as error:
                found.append((name, str(error)))

    assert most_memory(load) < 20_000_000  # xz itself wants 8 MB
    assert found[2] == ("c.png", 1_000_000)
    for name, said in found[:2]:
        assert "more than the limit of 1 MB" in said, name
    with pytest.raises(DataError, match="limit of 1 MB"):
        load_pictures(path, "all", 32)


@pytest.mark.parametrize("ending", ENDINGS)
def test_files_that_are_too_large_together_are_refused(tmp_path, monkeypatch, ending):
    path = archive_of(
        tmp_path / f"bomb.{ending}", {f"{i}.png": 400_000 for i in range(10)}
    )
    for limit in ("MAX_TOTAL", "MAX_IN_MEMORY"):
        monkeypatch.setattr(archives, limit, 4_000_000)
    assert len(archives.list_files(path, sets.is_picture)) == 10
    for limit in ("MAX_TOTAL", "MAX_IN_MEMORY"):
        monkeypatch.setattr(archives, limit, 3_999_999)
    with pytest.raises(DataError, match=rf"bomb.{ending} .*limit of 0.004 GB.*unpack"):
        archives.list_files(path, sets.is_picture)
    if ending != "tar.xz":  # no set is downloaded as one
        with pytest.raises(DataError, match="limit of 0.004 GB"):
            archives.check_archive(path)


@pytest.mark.parametrize("ending", ["zip", "tar"])
def test_files_are_read_one_by_one(tmp_path, ending):
    """Not the whole archive into memory, where its kind allows."""
    sizes = {f"{i}.png": 1_000_000 for i in range(30)}
    path = archive_of(tmp_path / f"set.{ending}", sizes)

    def load():
        for _, read in archives.list_files(path, sets.is_picture):
            assert len(read()) == 1_000_000

    assert most_memory(load) < 8_000_000


# ---- The real thing


def test_bundled_samples():
    train, validation, test = (load_pictures("samples", p, 32) for p in PARTS)
    assert len(train) + len(validation) + len(test) >= 150
    assert 0.04 < len(validation) / (len(train) + len(validation)) < 0.2
    for pictures in (train, validation, test):
        assert pictures.counts["grey"] == pictures.counts["bad"] == 0
        assert "" not in pictures.categories
    files = {p.name for p in (ROOT / "data" / "samples").rglob("*.jpg")}
    assert {n.rsplit("/", 1)[-1] for n in train.names} <= files


# train and validation together, and test, as the mirror's own list counts them.
MIRROR_COUNTS = {
    "landscapes": (5394, 300),
    "flowers": (1451, 150),
    "dogs": (1295, 130),
    "photos": (5462, 400),
    "comics": (1568, 160),
}


@pytest.mark.parametrize("name", MIRROR_COUNTS)
def test_mirror_counts(mirror, name):
    training, group = sets._entries(name, "train")
    test, _ = sets._entries(name, "test")
    assert (len(training), len(test)) == MIRROR_COUNTS[name]
    assert not {e.name.split("/")[-1] for e in training} & {
        e.name.split("/")[-1] for e in test
    }
    held = splits.held_out([e.name for e in training], group, splits.VALIDATION_SHARE)
    assert 0.06 < np.mean(held) < 0.12  # comics: whole pages


def test_mirror_pictures(mirror):
    pictures = load_pictures("landscapes", "test", 32)
    assert (len(pictures), pictures.counts["bad"]) == (300, 0)
    assert len(set(pictures.categories)) == 6


def test_mirror_cifar10(mirror):
    dogs = load_pictures("cifar10", "test", 32, categories=["dog"], min_chroma=0)
    assert 900 < len(dogs) <= 1000 and dogs.counts["bad"] == 0
    assert len(sets._entries("cifar10", "train")[0]) == 50_000
