"""Where data sets come from: mirrors, Keras and Kaggle, against a local server."""

import contextlib
import hashlib
import importlib
import io
import json
import os
import pickle
import subprocess
import sys
import tarfile
import threading
import time
import types
import zipfile

import numpy as np
import pytest
from PIL import Image
from small import ROOT

from colorlib.data import catalog, download, sets, sources
from colorlib.data import kaggle as kaggle_module
from colorlib.data.catalog import DATA_SETS, DataSet
from colorlib.data.sets import describe_sets, load_pictures
from colorlib.data.sources import locate
from colorlib.errors import DataError
from colorlib.utils.files import file_lock
from tests.loopback import Page

KEY = "0123456789abcdef-very-secret"
SLUG = "arnaud58/landscape-pictures"
SECOND = "huseynguliyev/landscape-classification"


@pytest.fixture(autouse=True)
def cache(own_cache, tmp_path, monkeypatch):
    """An empty cache and home, no tokens, no waiting."""
    for name in [n for n in os.environ if n.startswith("KAGGLE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home" / ".keras"))
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path / "home" / ".kaggle"))
    return own_cache


def jpeg(seed):
    """A coloured picture as the bytes of a JPEG file."""
    rgb = np.random.default_rng(seed).integers(0, 256, (12, 12, 3), "uint8")
    buffer = io.BytesIO()
    Image.fromarray(rgb).resize((40, 40)).save(buffer, "JPEG")
    return buffer.getvalue()


def make_tar(names, mode="w"):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        for seed, name in enumerate(names):
            member = tarfile.TarInfo(name)
            contents = jpeg(seed)
            member.size = len(contents)
            archive.addfile(member, io.BytesIO(contents))
    return buffer.getvalue()


def make_zip(names):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for seed, name in enumerate(names):
            archive.writestr(name, jpeg(seed))
    return buffer.getvalue()


def names(count, category="sea"):
    return [f"{category}__{i:02d}.jpg" for i in range(count)]


# ---- What every set has


def test_sources_are_of_known_kinds():
    kinds = {spec.source[0] for spec in DATA_SETS.values()}
    assert kinds == {
        "bundled",
        "comics",
        "files",
        "keras",
        "kaggle",
        "mirror",
        "repositories",
        "url",
    }


def test_bundled_set_is_split():
    train, test = (locate("samples", part, ("bundled",)) for part in ("train", "test"))
    assert train.already_split and test.already_split
    assert train.paths != test.paths


def test_bundled_set_that_is_missing(monkeypatch, tmp_path):
    monkeypatch.setattr(sources, "SAMPLES", tmp_path / "gone")
    with pytest.raises(DataError, match="samples: .*gone.*missing"):
        load_pictures("samples")


def test_without_mirror_the_message_says_all(server, cache):
    source = ("url", f"{server.url}/flowers.tgz", None)
    with pytest.raises(DataError) as error:
        locate("flowers", "train", source)
    text = str(error.value)
    for part in ("flowers", "not set", str(cache), source[1], "HTTP 404", "samples"):
        assert part in text


def test_set_of_a_mirror_only():
    with pytest.raises(DataError, match="photos, train(.|\n)*only a mirror"):
        load_pictures("photos")


def test_unknown_name_lists_and_guesses():
    with pytest.raises(DataError, match="landscapes.*Did you mean 'cifar10'"):
        load_pictures("cifar-10")
    with pytest.raises(DataError):
        load_pictures("")


# ---- Mirrors


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A mirror folder."""
    monkeypatch.setenv("COLORLIB_MIRROR", str(tmp_path / "mirror"))
    (tmp_path / "mirror" / "photos").mkdir(parents=True)
    return tmp_path / "mirror"


@pytest.mark.parametrize("ending, make", [("tar", make_tar), ("zip", make_zip)])
def test_mirror_with_parts(folder, ending, make):
    (folder / "photos" / f"train.{ending}").write_bytes(make(names(20)))
    (folder / "photos" / f"test.{ending}").write_bytes(make(names(4, "city")))
    assert len(load_pictures("photos", "train")) == 18
    assert len(load_pictures("photos", "validation")) == 2
    assert set(load_pictures("photos", "test").categories) == {"city"}


@pytest.mark.parametrize("ending", ["tar", "tgz", "zip"])
def test_mirror_unsplit(folder, ending):
    (folder / "photos").rmdir()
    made = make_zip(names(40)) if ending == "zip" else make_tar(names(40))
    (folder / f"photos.{ending}").write_bytes(made)
    parts = [load_pictures("photos", part).names for part in sets.PARTS]
    assert all(parts) and len(set(sum(parts, []))) == 40


def test_mirror_of_single_files(folder):
    (folder / "photos" / "sea").mkdir()
    for i in range(20):
        (folder / "photos" / "sea" / f"{i}.jpg").write_bytes(jpeg(i))
    parts = [load_pictures("photos", part) for part in sets.PARTS]
    assert sum(map(len, parts)) == 20
    assert set(parts[0].categories) == {"sea"}


def test_mirror_with_half_a_set_is_an_error(folder):
    """Not the other half from elsewhere: it could hold the same pictures."""
    (folder / "photos" / "train.tar").write_bytes(make_tar(names(9)))
    with pytest.raises(DataError, match="has the train part but no test part"):
        load_pictures("photos", "test")


def test_mirror_that_does_not_exist(monkeypatch, tmp_path):
    monkeypatch.setenv("COLORLIB_MIRROR", str(tmp_path / "typo"))
    with pytest.raises(DataError, match="typo' is neither a folder nor"):
        load_pictures("flowers")


def test_mirror_without_the_set(folder):
    (folder / "photos").rmdir()
    with pytest.raises(DataError, match="mirror does not have it"):
        load_pictures("photos")


def make_npz(path):
    """Two categories of pictures in the mirror's format for CIFAR-10."""
    files = []
    for i in range(30):
        buffer = io.BytesIO()
        rgb = np.zeros((32, 32, 3), "uint8")
        rgb[..., i % 3] = 200
        Image.fromarray(rgb).save(buffer, "JPEG")
        files.append(buffer.getvalue())
    length = len(os.path.commonprefix(files))
    scans = [file[length:-2] for file in files]
    np.savez(
        path,
        header=np.frombuffer(files[0][:length], "uint8"),
        scans=np.frombuffer(b"".join(scans), "uint8"),
        offsets=np.cumsum([0] + [len(scan) for scan in scans]),
        labels=np.arange(30) % 2,
        class_names=np.array(["cat", "dog"]),
    )


def test_mirror_npz(folder):
    (folder / "cifar10").mkdir()
    make_npz(folder / "cifar10" / "train.npz")
    dogs = load_pictures("cifar10", "train", 32, categories=["dog"])
    assert set(dogs.categories) == {"dog"}
    for name, picture in zip(dogs.names, dogs.rgb):
        assert picture.mean((0, 1)).argmax() == int(name[-5:]) % 3
    whole = (folder / "cifar10" / "train.npz").read_bytes()
    (folder / "cifar10" / "train.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="train.npz is damaged"):
        load_pictures("cifar10", "train", 32)


@pytest.fixture
def remote(server, monkeypatch):
    """A mirror by URL."""
    monkeypatch.setenv("COLORLIB_MIRROR", f"{server.url}/mirror/")
    return server


def test_mirror_by_url(remote, cache):
    packed = make_tar(names(20))
    remote.pages["/mirror/photos/train.tar"] = Page(packed, drops=[1000])
    assert len(load_pictures("photos", "train")) == 18
    assert remote.sent("/mirror/photos/train.tar") == [1000, len(packed) - 1000]
    asked = len(remote.requests)
    assert len(load_pictures("photos", "validation")) == 2
    assert len(remote.requests) == asked  # from the cache, without any network
    assert "photos      here (mirror)" in describe_sets()


def test_mirror_by_url_unsplit(remote):
    remote.pages["/mirror/photos.tgz"] = Page(make_tar(names(20), "w:gz"))
    counts = [len(load_pictures("photos", part)) for part in sets.PARTS]
    assert sum(counts) == 20 and all(counts)


def test_mirror_by_url_truncated_is_never_used(remote, cache):
    packed = make_tar(names(20))
    page = remote.pages["/mirror/photos/train.tar"] = Page(packed)
    page.length = len(packed) // 2  # as if the server's own copy were cut
    with pytest.raises(DataError, match="photos, train: the mirror .*train.tar"):
        load_pictures("photos")
    assert not list(cache.rglob("*.tar*"))
    page.length = True
    assert len(load_pictures("photos")) == 18


def test_mirror_by_url_that_refuses_or_is_down(remote):
    remote.pages["/mirror/photos/train.tar"] = Page(b"", 403)
    with pytest.raises(DataError, match="refused.*403(.|\n)*COLORLIB_MIRROR"):
        load_pictures("photos")
    remote.pages["/mirror/photos/train.tar"] = Page(b"", 500)
    with pytest.raises(DataError, match="HTTP 500"):
        load_pictures("photos")


def test_mirror_by_url_with_half_a_set(remote):
    remote.pages["/mirror/photos/train.tar"] = Page(make_tar(names(9)))
    with pytest.raises(DataError, match="has the train part but no test part"):
        load_pictures("photos", "test")
    assert {request.method for request in remote.requests} == {"HEAD"}


@pytest.mark.parametrize(
    "there, part, fetched",
    [
        (["photos/test.tar"], "train", []),
        (["photos/train.zip"], "test", []),
        (["photos/train.npz", "photos.tgz"], "test", []),
        ([], "test", []),
        (["photos.tar"], "train", ["photos.tar"]),
        (["photos/train.tar", "photos/test.tar"], "test", ["photos/test.tar"]),
    ],
)
def test_mirror_by_url_is_looked_at_before_anything_is_fetched(
    remote, there, part, fetched
):
    """What is missing is said without a byte of what is there."""
    packed = make_tar(names(20))
    remote.pages = {f"/mirror/{file}": Page(packed) for file in there}
    with contextlib.nullcontext() if fetched else pytest.raises(DataError):
        locate("photos", part, ("mirror",))
    got = [r.path for r in remote.requests if r.method != "HEAD"]
    assert got == [f"/mirror/{file}" for file in fetched]


@pytest.mark.parametrize("secret", ["me:hunter2@", "me:p/hunter2@", "me:p@hunter2@"])
@pytest.mark.parametrize("scheme", ["http://", "", "ftp://"])
def test_a_mirror_with_a_password_does_not_show_it(monkeypatch, secret, scheme):
    monkeypatch.setattr(download, "RETRIES", 0)
    monkeypatch.setenv("COLORLIB_MIRROR", f"{scheme}{secret}127.0.0.1:9/mirror")
    with pytest.raises(DataError) as error:
        load_pictures("photos")
    assert "hunter2" not in str(error.value)


# ---- A plain address


def test_url_set(server, cache, monkeypatch):
    packed = make_tar([f"flower_photos/rose/{i}.jpg" for i in range(30)], "w:gz")
    server.pages["/flowers.tgz"] = Page(packed)
    sha256 = hashlib.sha256(packed).hexdigest()
    source = ("url", f"{server.url}/flowers.tgz", sha256, len(packed))
    monkeypatch.setitem(DATA_SETS, "flowers", DataSet("Flowers", source))
    assert "flowers     to be fetched" in describe_sets()
    parts = [load_pictures("flowers", part) for part in sets.PARTS]
    assert sum(map(len, parts)) == 30 and set(parts[0].categories) == {"rose"}
    assert len(server.requests) == 1
    assert "flowers     here (cache)" in describe_sets()


def test_folders_of_imagewoof_get_the_names_of_the_breeds(server, monkeypatch):
    files = [f"imagewoof2-160/train/n02115641/n02115641_{i}.JPEG" for i in range(20)]
    server.pages["/dogs.tgz"] = Page(make_tar(files, "w:gz"))
    source = ("url", f"{server.url}/dogs.tgz", None)
    monkeypatch.setitem(DATA_SETS, "dogs", DataSet("Dogs", source))
    assert set(load_pictures("dogs").categories) == {"dingo"}


# ---- Keras


def batch(count, offset, **labels):
    """An official CIFAR batch: rows of 1024 red, 1024 green, 1024 blue values."""
    rows = np.zeros((count, 3, 1024), "uint8")
    rows[:100, 0] = 200  # the first hundred are red
    rows[0, 1] = offset
    entries = {key.encode(): value for key, value in labels.items()}
    return pickle.dumps({b"data": rows.reshape(count, 3072), **entries}, 4)


def make_cifar(folder, files):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as archive:
        for name, contents in files.items():
            member = tarfile.TarInfo(f"{folder}/{name}")
            member.size = len(contents)
            archive.addfile(member, io.BytesIO(contents))
    return buffer.getvalue()


@pytest.fixture
def keras_server(server, monkeypatch, tmp_path):
    """Keras' own loader, with only address, hash and cache folder replaced."""

    def serve(kind, packed):
        module = importlib.import_module(f"keras.src.datasets.{kind}")
        original = importlib.import_module("keras.utils").get_file
        official = {}

        def get_file(**options):
            official.update(options)
            name = options["origin"].rsplit("/", 1)[-1]
            options["origin"] = f"{server.url}/{name}"
            options["file_hash"] = hashlib.sha256(packed).hexdigest()
            return original(**options, cache_dir=str(tmp_path / "home" / ".keras"))

        (tmp_path / "home" / ".keras").mkdir(parents=True, exist_ok=True)
        monkeypatch.setattr(module, "get_file", get_file)
        name = "cifar-10" if kind == "cifar10" else "cifar-100"
        page = server.pages[f"/{name}-python.tar.gz"] = Page(packed)
        return page, official

    return serve


def test_cifar100(keras_server, monkeypatch):
    fine = [i % 100 for i in range(200)]
    coarse = [0] * 200
    files = {
        "train": batch(200, 7, fine_labels=fine, coarse_labels=coarse),
        "test": batch(100, 9, fine_labels=fine[:100], coarse_labels=coarse[:100]),
        "meta": b"",
    }
    packed = make_cifar("cifar-100-python", files)
    official = keras_server("cifar100", packed)[1]
    found = locate("cifar100", "train", ("keras", "cifar100"))
    assert official["origin"].startswith("https://www.cs.toronto.edu/")
    assert found.already_split and len(found.items) == 200
    name, category, picture = found.items[0]
    assert (name, category) == ("apple__train_00000", "apple")
    assert picture.shape == (32, 32, 3) and picture.dtype == np.uint8
    assert (picture == (200, 7, 0)).all()
    assert found.items[199][:2] == ("worm__train_00199", "worm")
    assert len({name for name, _, _ in found.items}) == 200
    test = locate("cifar100", "test", ("keras", "cifar100"))
    assert (test.items[0][2] == (200, 9, 0)).all() and len(test.items) == 100
    pictures = load_pictures("cifar100", "train", 32)  # the black half is "grey"
    assert pictures.counts["grey"] + len(pictures) == pictures.counts["read"]
    assert (pictures.rgb[..., 0] == 200).all()
    assert "cifar100    here (cache)" in describe_sets()


def test_cifar10(keras_server):
    labels = [i % 10 for i in range(10_000)]
    files = {f"data_batch_{i}": batch(10_000, i, labels=labels) for i in range(1, 6)}
    files["test_batch"] = batch(10_000, 6, labels=labels)
    keras_server("cifar10", make_cifar("cifar-10-batches-py", files))
    found = locate("cifar10", "train", ("keras", "cifar10"))
    assert len(found.items) == 50_000
    assert (found.items[20_000][2] == (200, 3, 0)).all()  # the third batch
    assert found.items[20_005][:2] == ("dog__train_20005", "dog")


@pytest.mark.parametrize("trouble", ["missing", "dropped", "changed"])
def test_keras_trouble_is_explained(keras_server, trouble, tmp_path):
    page, _ = keras_server("cifar100", make_cifar("cifar-100-python", {"test": b""}))
    if trouble == "missing":
        page.status = 404
    elif trouble == "dropped":
        page.drops = [20]
    else:
        page.data += b"more"
    with pytest.raises(DataError) as error:
        load_pictures("cifar100", "test", 32)
    assert "cifar100, test" in str(error.value)
    assert "keras.datasets.cifar100 failed" in str(error.value)
    assert "COLORLIB_MIRROR" in str(error.value)


def test_official_class_names():
    assert len(set(catalog.CIFAR10_NAMES)) == 10
    assert len(set(catalog.CIFAR100_NAMES)) == 100
    assert catalog.CIFAR100_NAMES == sorted(catalog.CIFAR100_NAMES)


# ---- Kaggle


@pytest.fixture
def kaggle(server, monkeypatch, tmp_path):
    """The loopback server as Kaggle, which asks for a token; the real package."""
    monkeypatch.setattr(kaggle_module, "PUBLIC", f"{server.url}/public")
    environment = pytest.importorskip("kagglesdk.kaggle_env")  # of kaggle 2
    api = importlib.import_module("kaggle.api.kaggle_api_extended")
    addresses = environment._env_to_endpoint
    monkeypatch.setitem(addresses, environment.KaggleEnv.PROD, server.url)
    monkeypatch.setattr(api.KaggleApi, "config", str(tmp_path / "kaggle.json"))
    monkeypatch.setattr("time.sleep", lambda seconds: None)

    def sign_in(request):
        token = json.loads(request.body)["token"]
        answer = {"active": token == KEY, "username": "learner"}
        return Page(json.dumps(answer).encode(), headers={"Content-Type": "text/json"})

    def send(request):
        if not request.headers.get("Authorization", "").startswith(("Bea", "Bas")):
            return Page(b"", 401)
        asked = json.loads(request.body)
        place = f"/{asked['ownerSlug']}/{asked['datasetSlug']}.zip?signature=hidden"
        if place.split("?")[0] not in server.pages:
            return Page(b"", 404)
        return Page(b"", 302, headers={"Location": server.url + place})

    server.pages["/v1/security.OAuthService/IntrospectToken"] = sign_in
    server.pages["/v1/datasets.DatasetApiService/DownloadDataset"] = send
    landscapes = [f"{i:08d}.jpg" for i in range(30)]
    server.pages[f"/{SLUG}.zip"] = Page(make_zip(landscapes))
    classes = [f"Training Data/Coast/Coast-Train ({i}).jpeg" for i in range(20)]
    server.pages[f"/{SECOND}.zip"] = Page(make_zip(classes))
    return server


@pytest.fixture
def token(monkeypatch):
    monkeypatch.setenv("KAGGLE_API_TOKEN", KEY)


def assert_secret(capsys, error=None):
    """The token and signed addresses are in no output and no message."""
    out, err = capsys.readouterr()
    texts = [out, err]
    while error is not None:
        texts.append(f"{error} {error.args}")
        error = error.__cause__
    for text in texts:
        assert KEY not in text and "hidden" not in text


def test_a_cache_that_cannot_be_written_is_read(tmp_path, monkeypatch):
    """As a teacher's is, whose data a class shares."""

    def no_lock(path):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(kaggle_module, "file_lock", no_lock)
    path = tmp_path / "landscapes.zip"
    with pytest.raises(DataError, match="cannot be stored in .*: Read-only file"):
        kaggle_module.fetch_zip(SLUG, path)
    path.write_bytes(b"as it came")
    assert kaggle_module.fetch_zip(SLUG, path) == path


def test_landscapes_need_no_account(server, cache, monkeypatch, capsys):
    """Kaggle sends whoever asks on to a signed address; no package is needed."""
    monkeypatch.setattr(kaggle_module, "PUBLIC", f"{server.url}/public")
    monkeypatch.setitem(sys.modules, "kaggle", None)
    for slug, names in ((SLUG, "ab"), (SECOND, "cd")):
        signed = {"Location": f"{server.url}/{slug}.zip?signature=hidden"}
        server.pages[f"/public/{slug}"] = Page(b"", 302, headers=signed)
        server.pages[f"/{slug}.zip"] = Page(make_zip([f"{n}.jpg" for n in names]))
    parts = [load_pictures("landscapes", part, 32) for part in sets.PARTS]
    names = [name for part in parts for name in part.names]
    assert sorted(name[-5:] for name in names) == ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]
    assert len(server.sent(f"/{SLUG}.zip")) == 1
    assert not [r for r in server.requests if "Authorization" in r.headers]
    assert "hidden" not in "".join(path.read_text() for path in cache.rglob("*.json"))
    assert_secret(capsys)


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_set_that_wants_an_account_gets_the_token(kaggle, token, tmp_path, status):
    kaggle.pages[f"/public/{SLUG}"] = Page(b"", status)
    path = kaggle_module.fetch_zip(SLUG, tmp_path / "a.zip")
    assert path.read_bytes() == kaggle.pages[f"/{SLUG}.zip"].data


def test_a_login_page_is_no_data_set(kaggle, token, tmp_path):
    page = Page(b"<html>", headers={"Content-Type": "text/html"})
    kaggle.pages[f"/public/{SLUG}"] = page
    path = kaggle_module.fetch_zip(SLUG, tmp_path / "a.zip")
    assert path.read_bytes() == kaggle.pages[f"/{SLUG}.zip"].data


def test_kaggle_joins_both_sets(kaggle, token, cache, capsys):
    parts = [load_pictures("landscapes", part, 32) for part in sets.PARTS]
    assert sum(map(len, parts)) == 50
    assert len(set(sum((p.names for p in parts), []))) == 50
    assert {c for p in parts for c in p.categories} == {"", "Coast"}
    zips = [f"{slug.replace('/', '__')}.zip" for slug in (SLUG, SECOND)]
    assert sorted(os.listdir(cache / "landscapes")) == sorted(zips)
    assert len(kaggle.sent(f"/{SLUG}.zip")) == 1
    assert "landscapes  here (cache)" in describe_sets()
    assert_secret(capsys)


@pytest.mark.parametrize("way", ["variables", "kaggle.json"])
def test_kaggle_with_a_key(kaggle, monkeypatch, tmp_path, capsys, way):
    if way == "variables":
        monkeypatch.setenv("KAGGLE_USERNAME", "learner")
        monkeypatch.setenv("KAGGLE_KEY", KEY)
    else:
        key = {"username": "learner", "key": KEY}
        (tmp_path / "kaggle.json").write_text(json.dumps(key))
    path = kaggle_module.fetch_zip(SLUG, tmp_path / "a.zip")
    assert path.read_bytes() == kaggle.pages[f"/{SLUG}.zip"].data
    assert kaggle.requests[-1].headers["Authorization"].startswith("Basic")
    assert_secret(capsys)


def test_kaggle_with_colab_secrets(kaggle, monkeypatch, tmp_path, capsys):
    secrets = {"KAGGLE_API_TOKEN": KEY}
    userdata = types.SimpleNamespace(get=secrets.__getitem__)
    monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("colab"))
    monkeypatch.setitem(sys.modules, "google.colab.userdata", userdata)
    monkeypatch.setenv("KAGGLE_API_TOKEN", "")  # so that it is put back afterwards
    assert kaggle_module.fetch_zip(SLUG, tmp_path / "a.zip").is_file()
    assert os.environ["KAGGLE_API_TOKEN"] == KEY
    assert_secret(capsys)


def test_kaggle_resumes(kaggle, token, tmp_path):
    buffer, mebibyte = io.BytesIO(), 1 << 20  # in such pieces the package writes
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("big.jpg", bytes(3 * mebibyte))
    sets = buffer.getvalue()
    kaggle.pages[f"/{SLUG}.zip"] = Page(sets, drops=[2 * mebibyte])
    path = kaggle_module.fetch_zip(SLUG, tmp_path / "a.zip")
    assert path.read_bytes() == sets
    assert kaggle.sent(f"/{SLUG}.zip") == [2 * mebibyte, len(sets) - 2 * mebibyte]


def test_kaggle_waits_for_another_run(kaggle, token, tmp_path):
    path, results = tmp_path / "a.zip", []

    def fetch():
        results.append(kaggle_module.fetch_zip(SLUG, path))

    thread = threading.Thread(target=fetch)
    with file_lock(path.with_name("a.zip.lock")):
        thread.start()
        time.sleep(0.2)
        path.write_bytes(b"what the other has fetched")
    thread.join()
    assert results == [path] and kaggle.requests == []


def test_kaggle_without_a_token(kaggle, cache):
    with pytest.raises(DataError) as error:
        load_pictures("landscapes")
    text = str(error.value)
    for part in ("none was found", "Settings > API", "kaggle.json", "KAGGLE_API_TOKEN"):
        assert part in text
    assert f"Without an account: {kaggle.url}/public/{SLUG} is not there" in text
    for part in ("landscapes, train", "COLORLIB_MIRROR", "samples", str(cache)):
        assert part in text


def test_kaggle_without_a_token_in_a_fresh_process(tmp_path):
    """`import kaggle` signs in, prints and exits: none of that may come through."""
    command = [sys.executable, "-m", "colorlib", "data", "landscapes"]
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    options = {"cwd": ROOT, "env": os.environ | nowhere}
    done = subprocess.run(command, capture_output=True, text=True, **options)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "Kaggle wants a token, none was found" in done.stderr
    assert "Traceback" not in done.stderr


def test_kaggle_with_a_wrong_token(kaggle, monkeypatch, capsys):
    monkeypatch.setenv("KAGGLE_API_TOKEN", "expired-hidden-token")
    with pytest.raises(DataError, match="KAGGLE_API_TOKEN is not accepted") as error:
        load_pictures("landscapes")
    assert_secret(capsys, error.value)


@pytest.mark.parametrize(
    "status, words", [(403, "token is wrong or.*rules"), (404, "gone.*its page was")]
)
def test_kaggle_refusals(kaggle, token, capsys, cache, status, words):
    kaggle.pages[f"/{SLUG}.zip"] = Page(b"", status)
    with pytest.raises(DataError, match=words) as error:
        load_pictures("landscapes")
    assert f"kaggle.com/datasets/{SLUG}" in str(error.value)
    assert not list(cache.rglob("*.zip"))
    assert_secret(capsys, error.value)


def test_kaggle_truncated_zip_is_never_used(kaggle, token, capsys, cache):
    whole = kaggle.pages[f"/{SLUG}.zip"]
    kaggle.pages[f"/{SLUG}.zip"] = Page(whole.data[: len(whole.data) // 2])
    with pytest.raises(DataError, match=f"{SLUG} from Kaggle.*not an arch") as error:
        load_pictures("landscapes")
    assert not list(cache.rglob("*.zip"))
    assert_secret(capsys, error.value)
    kaggle.pages[f"/{SLUG}.zip"] = whole
    counts = [len(load_pictures("landscapes", part)) for part in sets.PARTS]
    assert sum(counts) == 50


def test_kaggle_that_breaks_off_for_good(kaggle, token, capsys, cache):
    kaggle.pages[f"/{SLUG}.zip"].drops = [100] * 20
    with pytest.raises(DataError, match="Kaggle, arnaud58") as error:
        load_pictures("landscapes")
    assert not [p for p in cache.rglob("*.zip") if p.parent.suffix != ".part"]
    assert_secret(capsys, error.value)


def test_kaggle_without_network(kaggle, token, monkeypatch, capsys):
    environment = importlib.import_module("kagglesdk.kaggle_env")
    place = "http://127.0.0.1:9"  # nobody listens there
    kind = environment.KaggleEnv.PROD
    monkeypatch.setitem(environment._env_to_endpoint, kind, place)
    with pytest.raises(DataError, match="sign-in: the connection is refused") as error:
        load_pictures("landscapes")
    assert_secret(capsys, error.value)


def test_kaggle_is_not_installed(server, monkeypatch):
    monkeypatch.setattr(kaggle_module, "PUBLIC", f"{server.url}/public")
    monkeypatch.setitem(sys.modules, "kaggle", None)
    monkeypatch.setitem(sys.modules, "kaggle.api.kaggle_api_extended", None)
    with pytest.raises(DataError, match="pip install kaggle"):
        load_pictures("landscapes")


def test_a_token_in_an_error_is_masked(monkeypatch):
    monkeypatch.setenv("KAGGLE_KEY", KEY)
    text = kaggle_module._explain(SLUG, RuntimeError(f"bad key {KEY} at /x?s=hidden"))
    assert KEY not in text and "hidden" not in text and "***" in text


# Files of a folder, one by one.


def test_kodak_is_fetched_file_by_file_and_for_tests_only(server, monkeypatch, cache):
    files = {"kodim01.png": None, "kodim02.png": None}
    for seed, name in enumerate(files):
        server.pages[f"/kodak/{name}"] = Page(jpeg(seed))
    source = ("files", f"{server.url}/kodak", files)
    monkeypatch.setitem(DATA_SETS, "kodak", DataSet("Kodak", source))
    with pytest.raises(DataError, match="kodak is for tests only"):
        load_pictures("kodak", "train")
    assert server.requests == [] and sources.present("kodak", source) == ""
    pictures = load_pictures("kodak", "test", 32)
    assert sorted(pictures.names) == list(files)  # none goes to another part
    assert sorted(p.name for p in (cache / "kodak").iterdir()) == list(files)
    assert sources.present("kodak", source) == "cache"
    load_pictures("kodak", "test", 32)
    assert len(server.requests) == 2


def test_kodak_of_a_mirror(monkeypatch, tmp_path):
    (tmp_path / "eval").mkdir()
    (tmp_path / "eval" / "kodak24_256.tar").write_bytes(make_tar(["kodim01.png"]))
    monkeypatch.setenv("COLORLIB_MIRROR", str(tmp_path))
    assert len(load_pictures("kodak", "test", 32)) == 1
    assert sources.present("kodak", DATA_SETS["kodak"].source) == "mirror"


def test_all_of_kodak_is_24_files():
    kind, address, files = DATA_SETS["kodak"].source
    assert kind == "files" and address.startswith("https://")
    assert len(files) == 24 and list(files)[0] == "kodim01.png"


def test_old_photographs_are_read_as_they_are(monkeypatch, tmp_path):
    monkeypatch.setenv("COLORLIB_MIRROR", str(tmp_path))
    (tmp_path / "eval").mkdir()
    grey = io.BytesIO()
    Image.new("L", (9, 7), 80).save(grey, "PNG")
    with tarfile.open(tmp_path / "eval" / "legacy_bw_deoldify.tar", "w") as tar:
        member = tarfile.TarInfo("1880Paris.png")
        member.size = len(grey.getvalue())
        tar.addfile(member, io.BytesIO(grey.getvalue()))
    assert sets.read_files("old_photos") == {
        "legacy_bw_deoldify/1880Paris.png": grey.getvalue()
    }
    with pytest.raises(DataError, match="grey"):
        load_pictures("old_photos", "test", 32)
    with pytest.raises(DataError, match="for tests only"):
        sets.read_files("old_photos", "train")


def test_a_set_of_arrays_has_no_files(monkeypatch):
    rgb = np.zeros((2, 32, 32, 3), "uint8")
    found = sources.Located(items=[("a", "", rgb[0])], already_split=True)
    monkeypatch.setattr(sources, "locate", lambda *given: found)
    with pytest.raises(ValueError, match="has no files"):
        sets.read_files("cifar10")


def test_old_photographs_are_named_once():
    kind, address, files = DATA_SETS["old_photos"].source
    assert kind == "files" and address.startswith("https://")
    assert len(files) == 27 and len(set(files.values())) == 27
    assert {len(bytes.fromhex(sha256)) for sha256 in files.values()} == {32}


def test_files_of_a_folder_are_checked_by_their_hashes(server, monkeypatch, cache):
    good = jpeg(0)
    files = {"a.jpg": hashlib.sha256(good).hexdigest()}
    source = ("files", f"{server.url}/old", files)
    server.pages["/old/a.jpg"] = Page(jpeg(1))
    with pytest.raises(DataError, match="SHA-256 expected"):
        locate("old_photos", "test", source)
    assert sources.present("old_photos", source) == ""
    server.pages["/old/a.jpg"] = Page(good)
    folder = locate("old_photos", "test", source).paths[0]
    assert (folder / "a.jpg").read_bytes() == good


def test_a_login_page_is_no_picture_of_a_set(server, monkeypatch, cache):
    """It is not "here (cache)" for ever: the next call asks again."""
    source = ("files", f"{server.url}/kodak", {"kodim01.png": None})
    monkeypatch.setitem(DATA_SETS, "kodak", DataSet("Kodak", source))
    html = {"Content-Type": "text/html"}
    page = server.pages["/kodak/kodim01.png"] = Page(b"<html>Hello", headers=html)
    for _ in range(2):
        with pytest.raises(DataError, match="kodak, test(.|\n)*login page"):
            load_pictures("kodak", "test", 32)
        assert sources.present("kodak", source) == ""
    page.headers = {}
    page.data = jpeg(3)
    assert len(load_pictures("kodak", "test", 32)) == 1
