"""One picture file out: formats, frames, metadata."""

import io
from pathlib import Path

from PIL import Image

from colorlib.errors import PictureError
from colorlib.images import optional
from colorlib.images.picture import ANIMATED, NO_AVIF, Picture
from colorlib.images.tiff import compression_options, write_pages
from colorlib.utils.files import write_atomically

EXTENSIONS = (  # of what is written
    *(".jpg", ".jpeg", ".jfif", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp"),
    *(".avif", ".heic", ".heif", ".jxl"),  # where their writers are installed
)
_WITH_ALPHA = ("GIF", "PNG", "WEBP", "AVIF", "TIFF", "HEIF", "JXL")
# The picture matters more than its metadata: what is tried in turn, ever less of it.
_METADATA = (
    ("exif", "xmp", "icc_profile", "dpi"),
    ("exif", "icc_profile", "dpi"),
    ("icc_profile", "dpi"),
    (),
)


def write_picture(path: str | Path, picture: Picture, quality: int = 95) -> Path:
    """Writes a picture so that no half file ever stands under its final name.

    Args:
        path: where to write; the ending decides the format.
        picture: a `Picture`. Alpha is kept where the format has it (PNG, WebP, TIFF,
            GIF, AVIF, HEIC, JPEG XL) and laid over white where not (JPEG, BMP, PDF).
            Frames are written with their times (GIF, PNG, WebP, AVIF) or as pages
            (TIFF, PDF).
        quality: of what loses by compression, 1 to 100. Colour is stored at full
            resolution.

    Returns:
        The path, as a `Path`.

    Raises:
        PictureError: if the ending is not one of a format that can be written, or
            the format cannot hold the picture.
        OSError: if the folder cannot be written or the disk is full.
    """
    path = Path(path)
    kind = format_for(path)
    pages = [picture, *picture.frames]
    if len(pages) > 1 and kind not in (*ANIMATED, "TIFF", "PDF"):
        raise PictureError(
            f"{path}: {kind} cannot hold {len(pages)} frames; name the file "
            f"after what it is ({picture.format})."
        )
    see_through = any(page.alpha is not None for page in pages)
    images = [_to_image(page, kind, see_through) for page in pages]
    options = {}
    if kind in ("JPEG", "WEBP", "AVIF", "HEIF", "JXL", "PDF"):
        options["quality"] = quality
    if kind == "JPEG":
        options["subsampling"] = 0
    if kind == "AVIF":
        options["subsampling"] = "4:4:4"
    if kind == "HEIF":
        options["chroma"] = 444
    if len(pages) > 1 and kind != "TIFF":
        options |= {"save_all": True, "append_images": images[1:]}
        if kind in ANIMATED:
            options["duration"] = [page.info.get("duration", 0) for page in pages]
            if "loop" in picture.info:
                options["loop"] = picture.info["loop"]
        if kind == "GIF" and see_through:
            options["disposal"] = 2  # else the frame before shines through
    for names in _METADATA:
        try:
            if kind == "TIFF":
                each = [_page_options(page, quality, names) for page in pages]
                data = _encoded_pages(images, each)
            else:
                data = _encoded(images[0], kind, options | _metadata(picture, names))
            break
        except Exception as error:
            if not names:
                raise PictureError(
                    f"{path}: cannot be written as {kind} ({error})."
                ) from error
    write_atomically(path, data)
    return path


def format_for(path: str | Path) -> str:
    """The format that a path's ending stands for, as Pillow names it.

    Raises:
        PictureError: if such a file cannot be written.
    """
    ending = Path(path).suffix.lower()
    known = {".heic": "HEIF", ".heif": "HEIF", ".jxl": "JXL"}.get(ending)
    try:
        optional.load_reader(known)
    except PictureError as missing:
        raise PictureError(f"{path}: {missing}") from None
    kind = Image.registered_extensions().get(ending)
    if ending == ".avif" and kind not in Image.SAVE:
        raise PictureError(f"{path}: {NO_AVIF}")
    if ending not in (*EXTENSIONS, ".pdf") or kind not in Image.SAVE:
        raise PictureError(
            f"{path}: cannot write '{Path(path).suffix}'. Use one of "
            f"{', '.join(EXTENSIONS)}."
        )
    return kind


def _to_image(picture, kind, see_through):
    image = Image.fromarray(picture.rgb)
    if picture.alpha is None:
        if see_through and kind in ANIMATED:  # all frames of one kind
            image.putalpha(255)
        return image
    alpha = Image.fromarray(picture.alpha)
    if kind in _WITH_ALPHA:
        image.putalpha(alpha)
        return image
    return Image.composite(image, Image.new("RGB", image.size, "white"), alpha)


def _metadata(picture, names):
    return {name: picture.info[name] for name in names if name in picture.info}


def _page_options(page, quality, names):
    before, width = page.info.get("compression", "raw"), page.rgb.shape[1]
    compression = compression_options(before, page.alpha is not None, quality, width)
    return compression | _metadata(page, names)


def _encoded_pages(images, options):
    buffer = io.BytesIO()
    write_pages(buffer, images, options)
    return buffer.getbuffer()


def _encoded(image, kind, options):
    if kind == "PNG" and "xmp" in options:
        from PIL.PngImagePlugin import PngInfo

        texts = PngInfo()
        texts.add_itxt("XML:com.adobe.xmp", options.pop("xmp").decode("utf-8"))
        options["pnginfo"] = texts
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getbuffer()
