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
# A folder and the files in it, with their SHA-256 where it is known.
KODAK = (
    "https://r0k.us/graphics/kodak/kodak",
    {f"kodim{i:02}.png": None for i in range(1, 25)},
)
# Those of DeOldify's test pictures that are older than 1928, of a commit that holds
# them as files: later ones have pointers of Git LFS instead.
_OLD_PHOTOS = """
1850Geography
    7e6a52eeb7631d400f6f40fc418eea94c72a4b28ced0c629b834de172980a87c
1860Girls
    537317db688c01e02be4ee246a785470cd2ee211fd400789c56130a7fbb5ed76
1867MusicianConstantinople
    4b1f4b4d0299ea53d71c9a9d016f1ffa4d86fd1a067c41702025263271db0490
1870Girl
    e8147cd46316671aa95a3488b0fefa59944a42fdce89e3914f80f33d4c411061
1870sSphinx
    0f02b0b7cff589a8db6e2207bb90817a17da31179345fcec5736238a59952326
1880sBrooklynBridge
    3fc70f36ff3792596788e94e4807c889d6a2c2b6ae34aa216ffa7b2859a3aad9
1888Slum
    e3db6d5a85acc5f298c6e77cfb25176a83925a1f965c33568c68d87ee9fac4f3
1890BostonHospital
    6d57538d6014e68a5af0491b6349f2032988966f8d0551f0f45c9eb9ce4b39d4
1890CliffHouseSF
    c2e55c8621a8fc3bd5cdf2d02de55e6b8768f13a3e4003ab207d0e31531fa2d4
1890sPingPong
    75e2f83e533267cb28919729976ec14a007144ab1afacc874132c6f7028cc03e
1892WaterLillies
    3f670bcb39e3f0e6d1a57d9bad1c0aac7abd3b9ea21db69c8e81d76e4bd30f94
1895BikeMaidens
    490be08a3eab33c71a65b0a64bc3a28598c71728a6d9f0432a901d7311c415a1
1896NewsBoyGirl
    c625df6e3432fa9b03154fb7d2a5617b17f5690502036a950f2d30c6d9ac6525
1897BlindmansBluff
    11ab23fdf71bfc195796b079cdf91e92cce6c0b345c252412cf48489b27964dc
1899NycBlizzard
    759f74c39f9f4a9b748cb8dec1306af0d6b94a5433a3c5afa9048c61c47048df
1901Electrophone
    8c19aa375635b93daf6ebe787b544365a9912fcde66df465d415e8e847d131fa
1908FamilyPhoto
    53dc11d50820988f2b7fc4884416090ec13c372c1bf3f9905a20d15d677d109c
1909Chicago
    91f2e127bfa56d45b9a66e6d090001c8bdce6d4c587902a9faba6ae622a19d65
1909ParisFirstFemaleTaxisDriver
    199e30aaafcfad6c615f9202a436880fb538b0e3301d2a32de2a957fec3bbaee
1910Bike
    81008e468a5d58fbe59bc3c9e1b117b9e85611be7efa0d72d1db842d295202a1
1916Sweeden
    54daa6e831062683f5536fd8dadc8389445699a89467bcb9c63e8d3b10167c8b
1920CobblersShopLondon
    ab1a3e99a44710313cbddf06da65691ad7c61ddf2c2d47e85563aa852a2aa677
1920sDancing
    231f0c16f8a456715ebbbcd1a631068e7f6471de4beac7fb98f4fa79cc36e5ab
1920sFamilyPhoto
    5b64e9ddd23ce1c9927dfa49a43a3903de09bc68379c3c2ef8540a31a01c1eb6
1920sFarmKid
    3a6f9363a96158bd50c385de18ca6f23f2cc9aa39b980f0da954d9737d94a041
1920sGuadalope
    873be277ab65d820ef670c3ac9e4e9c71e6c8fda5898b0942bb05ae586d51ef2
1925Girl
    05fd379bc837d71bf7e8133e311d843ff81846d513c75a549d5a82d28bf9387f
""".split()
OLD_PHOTOS = (
    "https://raw.githubusercontent.com/jantic/DeOldify/"
    "71c772922bba175e53e4ebe9fe783f8311cea37a/test_images",
    {f"{name}.jpg": sha for name, sha in zip(_OLD_PHOTOS[::2], _OLD_PHOTOS[1::2])},
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
# The classes of CIFAR, by their number.
CIFAR10_NAMES = "airplane automobile bird cat deer dog frog horse ship truck".split()
CIFAR100_NAMES = """
apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus
butterfly camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach
couch crab crocodile cup dinosaur dolphin elephant flatfish forest fox girl hamster
house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree
motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear
pickup_truck pine_tree plain plate poppy porcupine possum rabbit raccoon ray road
rocket rose sea seal shark shrew skunk skyscraper snail snake spider squirrel
streetcar sunflower sweet_pepper table tank telephone television tiger tractor train
trout tulip turtle wardrobe whale willow_tree wolf woman worm
""".split()
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
# Training pictures of `more` that look like a test picture of some set: of 14,079 those
# that `near_duplicates` finds, or whose 256-bit difference hash differs in 44 bits at
# most. Most are other photographs (a shirt on white); left out to be sure.
LIKE_TEST = (
    "clothes__cloth__hoodie_ac668d279d.webp",
    "clothes__cloth__pants_2408f16e2c.webp",
    "clothes__cloth__polo_e82f62bf37.webp",
    "clothes__cloth__shirt_09fa45b7ae.webp",
    "indoor+houses__house__frontal_689a5d21b2.webp",
    "objects__cal101__stop-sign_7afb3af096.webp",
    "objects__trash__trash_aebd1a8145.webp",
    "people-street_fashion__ccp__street-fashion_01fbb612d2.webp",
)


@dataclass(frozen=True)
class DataSet:
    """What the course knows about a data set.

    Attributes:
        title: one line for people.
        source: `("bundled",)`, `("keras", name)`, `("kaggle", owner/slug, ...)`,
            `("url", address, sha256, bytes)`, `("files", address of their folder,
            dict from name to SHA-256 or None)` for a test part alone,
            `("repositories", list in data)` and `("comics", list in data)`, see the
            modules of these names, or `("mirror",)`.
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
    "more": DataSet("photographs of people, clothes, rooms and things", ("mirror",)),
    "extra": DataSet(
        "photographs of people, places, food and things, from public repositories",
        ("repositories", "extra.txt.gz"),
    ),
    "kodak": DataSet("24 Kodak photographs, for tests only", ("files", *KODAK)),
    "old_photos": DataSet(
        "black-and-white photographs of 1850 to 1925, without a truth",
        ("files", *OLD_PHOTOS),
    ),
    "comics": DataSet(
        "Pepper&Carrot panels by David Revoy, CC BY 4.0",
        ("comics", "comics.txt"),
        r"[^_]*__(ep\d+_[^_]+)_.*",
    ),
}
