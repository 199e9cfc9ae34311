"""The catalogue: which data sets the course knows, and where each comes from."""

from dataclasses import dataclass

# Address, SHA-256 and bytes; None where no two public sources agree on a checksum.
FLOWERS = (
    "https://storage.googleapis.com/download.tensorflow.org/example_images/"
    "flower_photos.tgz",
    "4c54ace7911aaffe13a365c34f650e71dd5bf1be0a58b464e5a7183e3e595d9c",
    228_813_984,
)
DOGS = ("https://s3.amazonaws.com/fast-ai-imageclas/imagewoof2-160.tgz", None, None)
# A folder and the files in it.
KODAK = (
    "https://r0k.us/graphics/kodak/kodak",
    tuple(f"kodim{i:02}.png" for i in range(1, 25)),
)
# Those of DeOldify's test pictures that are older than 1928.
OLD_PHOTOS = (
    "https://raw.githubusercontent.com/jantic/DeOldify/"
    "449e2756aa0e62d52fc99d8cc195afebd5ade7e6/test_images",
    tuple(
        f"{name}.jpg"
        for name in """
        1850Geography 1860Girls 1867MusicianConstantinople 1870Girl 1870sSphinx
        1880sBrooklynBridge 1888Slum 1890BostonHospital 1890CliffHouseSF 1890sPingPong
        1892WaterLillies 1895BikeMaidens 1896NewsBoyGirl 1897BlindmansBluff
        1899NycBlizzard 1901Electrophone 1908FamilyPhoto 1909Chicago
        1909ParisFirstFemaleTaxisDriver 1910Bike 1916Sweeden 1920CobblersShopLondon
        1920sDancing 1920sFamilyPhoto 1920sFarmKid 1920sGuadalope 1925Girl
        """.split()
    ),
)
# Imagewoof names its folders by WordNet.
BREEDS = {
    "n02086240": "shih_tzu",
    "n02087394": "rhodesian_ridgeback",
    "n02088364": "beagle",
    "n02089973": "english_foxhound",
    "n02093754": "border_terrier",
    "n02096294": "australian_terrier",
    "n02099601": "golden_retriever",
    "n02105641": "old_english_sheepdog",
    "n02111889": "samoyed",
    "n02115641": "dingo",
}
# Where a mirror keeps what is for tests only.
EVAL_FILES = {
    "kodak": "eval/kodak24_256.tar",
    "old_photos": "eval/legacy_bw_deoldify.tar",
}
# Test pictures whose photograph is in a training part, too: the same in other colours,
# or cut a little differently. `tests/test_near_duplicates.py` finds them.
KNOWN_DUPLICATES = (
    "sunflower__flowers_14741866338_bdc8bfc8d5_n.jpg",
    "food_apam_balik__food_031.jpg",
)


@dataclass(frozen=True)
class DataSet:
    """What the course knows about a data set.

    Attributes:
        title: one line for people.
        source: `("bundled",)`, `("keras", name)`, `("kaggle", owner/slug, ...)`,
            `("url", address, sha256, bytes)`, `("files", address of their folder,
            names)` for a test part alone, or `("mirror",)`.
        group: pattern of a picture's name; what its first group captures is kept
            together in one part (crops of one photograph, panels of one page).
    """

    title: str
    source: tuple
    group: str = r"(.*)"


DATA_SETS = {
    "samples": DataSet(
        "bundled photographs under free licences",
        ("bundled",),
        r"[^_]*__(.*)_\d+\.\w+$",
    ),
    "cifar10": DataSet("CIFAR-10, 32 x 32", ("keras", "cifar10")),
    "cifar100": DataSet("CIFAR-100, 32 x 32", ("keras", "cifar100")),
    "landscapes": DataSet(
        "landscapes from Kaggle",
        (
            "kaggle",
            "arnaud58/landscape-pictures",
            "huseynguliyev/landscape-classification",
        ),
    ),
    "flowers": DataSet("five kinds of flowers", ("url", *FLOWERS)),
    "dogs": DataSet("ten breeds of dogs (Imagewoof)", ("url", *DOGS)),
    "photos": DataSet("mixed photographs", ("mirror",)),
    "kodak": DataSet("24 Kodak photographs, for tests only", ("files", *KODAK)),
    "old_photos": DataSet(
        "black-and-white photographs of 1850 to 1925, without a truth",
        ("files", *OLD_PHOTOS),
    ),
    "comics": DataSet("Pepper&Carrot panels", ("mirror",), r"[^_]*__(ep\d+_[^_]+)_.*"),
}
