"""Data sets from Kaggle: without an account, or through the `kaggle` package."""

import contextlib
import importlib
import io
import os
import shutil
import sys

from colorlib.data.archives import check_archive
from colorlib.data.download import download, explain_error, storage_error
from colorlib.errors import DataError
from colorlib.utils.files import file_lock

# Where Kaggle gives its public sets away without an account, as `kagglehub` asks for
# them.
PUBLIC = "https://www.kaggle.com/api/v1/datasets/download"
VARIABLES = ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY")


def fetch_zip(slug, path):
    """Fetches one Kaggle data set, whole and tested.

    A public set needs no account. Where Kaggle refuses it all the same, the package
    `kaggle` (1.6 or 2) asks again with the learner's token.

    Args:
        slug: "owner/name".
        path: where the zip goes; one that is there already is kept. Where another
            run fetches it, it is waited for.

    Returns:
        The path.

    Raises:
        DataError: if it cannot be had. The message never has the token in it.
    """
    try:
        if not path.is_file():
            with file_lock(path.with_name(path.name + ".lock")):
                if not path.is_file():  # nobody else has fetched it meanwhile
                    _fetch(slug, path)
    except DataError:
        raise
    except OSError as error:
        raise storage_error(f"{slug} from Kaggle", path, error) from error
    return path


def _fetch(slug, path):
    try:
        download(f"{PUBLIC}/{slug}", path)
        return
    except DataError as error:
        refused = error
    try:
        _fetch_with_token(slug, path)
    except DataError as error:
        raise DataError(f"{error}. Without an account: {refused}") from None


def _fetch_with_token(slug, path):
    api = _sign_in()
    folder = path.with_suffix(".part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with contextlib.redirect_stdout(io.StringIO()):
            api.dataset_download_files(slug, path=str(folder), quiet=False)
        fetched = next(folder.glob("*.zip"), None)
        if fetched is None:
            raise DataError("no zip came.")
        check_archive(fetched)
        os.replace(fetched, path)
        shutil.rmtree(folder)
    except DataError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise DataError(f"{slug} from Kaggle: {error} It was deleted.") from None
    except (Exception, SystemExit) as error:
        raise DataError(_explain(slug, error)) from None
    return path


def _sign_in():
    _read_colab_secrets()
    try:
        # `import kaggle` signs in at once and may print, raise or exit.
        with contextlib.redirect_stdout(io.StringIO()):
            from kaggle.api.kaggle_api_extended import KaggleApi

            api = KaggleApi()
            api.authenticate()
        return api
    except ImportError:
        raise DataError(
            "the package `kaggle` is missing, install it: pip install kaggle"
        ) from None
    except (Exception, SystemExit) as error:
        if type(error).__module__.startswith(("requests.", "urllib3.")):
            raise DataError(_explain("the sign-in", error)) from None
        given = " and ".join(name for name in VARIABLES if os.environ.get(name))
        trouble = f"the one in {given} is not accepted" if given else "none was found"
        raise DataError(
            f"Kaggle wants a token, {trouble}. Make one on kaggle.com > Settings > "
            "API, and put it into the variable KAGGLE_API_TOKEN (kaggle 2), or "
            "KAGGLE_USERNAME and KAGGLE_KEY, or into the file ~/.kaggle/kaggle.json or "
            "~/.kaggle/access_token, or into Colab's secrets under these names"
        ) from None


def _read_colab_secrets():
    """Puts Colab's secrets into the environment, if no token is there."""
    if "google.colab" not in sys.modules:
        return
    if any(os.environ.get(name) for name in VARIABLES):
        return
    userdata = importlib.import_module("google.colab.userdata")
    for name in VARIABLES:
        with contextlib.suppress(Exception):  # not there, or not granted
            os.environ[name] = userdata.get(name)


def _explain(slug, error):
    """Says what went wrong: never a token, never a signed address."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    status = status or getattr(error, "status", None)
    if status in (401, 403):
        return (
            f"Kaggle refuses {slug} (HTTP {status}): the token is wrong or expired, or "
            f"the rules on kaggle.com/datasets/{slug} have to be accepted first"
        )
    if status == 404:
        return f"{slug} is gone (HTTP 404); its page was kaggle.com/datasets/{slug}"
    text = f"HTTP {status}" if status else explain_error(error)
    for name in VARIABLES:
        text = text.replace(os.environ.get(name) or "\0", "***")
    return f"Kaggle, {slug}: {text} ({type(error).__name__})"
