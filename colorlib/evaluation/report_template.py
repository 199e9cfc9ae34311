"""The template of week 7's report: what a model's card knows is in it already."""

from pathlib import Path

from colorlib.evaluation.report import facts_as_markdown, write_report
from colorlib.models.cards import ON_IMAGENET
from colorlib.plotting import plot_history

# Authors, year, title, address. The order is that of the list in a report.
SOURCES = {
    "zhang2016": (
        "Zhang, Isola, Efros 2016",
        "Colorful image colorization",
        "https://arxiv.org/abs/1603.08511",
    ),
    "larsson2016": (
        "Larsson, Maire, Shakhnarovich 2016",
        "Learning representations for automatic colorization",
        "https://arxiv.org/abs/1603.06668",
    ),
    "pix2pix": (
        "Isola, Zhu, Zhou, Efros 2017",
        "Image-to-image translation with conditional adversarial networks",
        "https://arxiv.org/abs/1611.07004",
    ),
    "zhang2017": (
        "Zhang et al. 2017",
        "Real-time user-guided image colorization with learned deep priors",
        "https://arxiv.org/abs/1705.02999",
    ),
    "palette": (
        "Saharia et al. 2022",
        "Palette: image-to-image diffusion models",
        "https://arxiv.org/abs/2111.05826",
    ),
    "ddcolor": (
        "Kang et al. 2023",
        "DDColor: towards photo-realistic image colorization via dual decoders",
        "https://arxiv.org/abs/2212.11613",
    ),
    "li2025": (
        "Li, Yang, Liu 2025",
        "Language-based image colorization: a benchmark and beyond",
        "https://arxiv.org/abs/2503.14974",
    ),
    "unet": (
        "Ronneberger, Fischer, Brox 2015",
        "U-Net: convolutional networks for biomedical image segmentation",
        "https://arxiv.org/abs/1505.04597",
    ),
    "mobilenet": (
        "Sandler et al. 2018",
        "MobileNetV2: inverted residuals and linear bottlenecks",
        "https://arxiv.org/abs/1801.04381",
    ),
    "johnson2016": (
        "Johnson, Alahi, Fei-Fei 2016",
        "Perceptual losses for real-time style transfer and super-resolution",
        "https://arxiv.org/abs/1603.08155",
    ),
    "lpips": (
        "Zhang et al. 2018",
        "The unreasonable effectiveness of deep features as a perceptual metric",
        "https://arxiv.org/abs/1801.03924",
    ),
    "colourfulness": (
        "Hasler, Suesstrunk 2003",
        "Measuring colourfulness in natural images",
        "https://doi.org/10.1117/12.477378",
    ),
    "adam": (
        "Kingma, Ba 2015",
        "Adam: a method for stochastic optimization",
        "https://arxiv.org/abs/1412.6980",
    ),
}
FIELD = "zhang2016 larsson2016 pix2pix zhang2017 palette ddcolor li2025".split()
MEASURES = ["colourfulness"]

INTRODUCTION = """\
> What is the problem? Say it so that your grandmother understands it.
> Why is there no single right answer?
> Which three papers come nearest? One sentence each: what they did, what you took from
> it. Give links, [like this](https://arxiv.org/abs/1611.07004), and read what you cite.
> What is your question? One sentence. The discussion must answer it.
"""
METHODS = """\
> The facts above come from the card. Where are the pictures from, under what licence?
> What was left out, and why? How were test pictures kept away from training?
> Lab: what does the network see, what does it predict, in which units?
> The network: layers, and why this one. A drawing says more than ten lines.
> The loss, as a formula. What does it punish, and what is its best answer to a pixel
> that may be red or blue?
> What did you choose (epoch, gain, size), and on which pictures?
"""
RESULTS = """\
> The table above comes from the card: its baselines, and intervals over the test
> pictures. Add what else you compare with, on the same pictures, as paired differences.
> The loss curves. Where does validation part from training?
> Pictures: input, yours, true. Take the first of the test part, or say how you chose.
> Two sentences: what did you expect, and what came out?
"""
DISCUSSION = """\
> The critical review. Show the worst pictures, as section 4 of lesson 12 does.
> Look for:
> - things that came out grey (chair backs), and grey things that got a colour,
> - colours taken from a neighbouring object, and colours that run over an edge,
> - one safe colour everywhere,
> - colours that stop half-way through a thing.
> For each: a picture, a number that says how often, and a cause that could be tested.
> What do your figures not say? Which pictures were in no test part at all?
> Answer the question of the introduction, even if the answer is no.
"""
NEXT_STEPS = """\
> Three steps, the cheapest first. What would each cost, and how would you know that it
> worked? Which one would you drop?
> What should nobody do with your model?
"""
REFERENCES = """\
> Delete what you did not read, and add what you did.
"""


def sources_of(card):
    """Which of `SOURCES` a report of a model will want to cite.

    Args:
        card: from `models.read_card`.

    Returns:
        List of keys of `SOURCES`, in their order: the field's papers, and those of the
        network, the losses and the measures of this model.
    """
    recipe = card.get("recipe", {})
    wanted = {*FIELD, *MEASURES}
    if "unet" in card["network"]:
        wanted.add("unet")
    if card["network"] in ON_IMAGENET:
        wanted.add("mobilenet")
    if recipe.get("perceptual"):
        wanted |= {"johnson2016", "lpips"}
    if "lpips" in card.get("table", "").lower():
        wanted.add("lpips")
    if recipe.get("optimizer", "adam").startswith(("adam", "pix2pix")):
        wanted.add("adam")
    return [key for key in SOURCES if key in wanted]


def references_as_markdown(keys):
    """Writes sources as a Markdown list with links.

    Args:
        keys: keys of `SOURCES`.

    Returns:
        The list, a line each.
    """
    rows = (SOURCES[key] for key in keys)
    return "\n".join(f"- {who}: [{title}]({link})" for who, title, link in rows)


def make_template(card, curves=None):
    """Makes the sections of a report, with the card's facts, table and curves in them.

    Args:
        card: from `models.read_card`.
        curves: path of a picture of the loss curves as the report will name it, or
            None.

    Returns:
        Dict from each title in `report.SECTIONS` to its text, for `write_report`. Lines
        that begin with `>` say what is still to be written.
    """
    figure = f"![Loss of each epoch: {card['title']}.]({curves})\n\n" if curves else ""
    references = references_as_markdown(sources_of(card))
    return {
        "Introduction": INTRODUCTION,
        "Data and methods": f"{facts_as_markdown(card)}\n\n{METHODS}",
        "Results": f"{card['table']}\n\n{figure}{RESULTS}",
        "Discussion": DISCUSSION,
        "Next steps": NEXT_STEPS,
        "References": f"{REFERENCES}\n{references}",
    }


def start_report(path, card):
    """Writes the template of a report, and beside it the picture of the loss curves.

    Args:
        path: of the Markdown file.
        card: from `models.read_card`.

    Returns:
        Whether it was written; False where a report is there already.

    Raises:
        OSError: if the folder cannot be written.
    """
    path = Path(path)
    if path.exists():
        return False
    curves = None
    if history := plain_history(card.get("history", {})):
        curves = f"{path.stem}_curves.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        plot_history(history, card["title"], path=path.parent / curves)
    title = f"Colouring photographs: {card['name']}"
    return write_report(path, title, make_template(card, curves))


def plain_history(history):
    """The losses of a card's `history` that a curve can show.

    Args:
        history: dict of lists, from `fit_resumable`; of a GAN's, whose whole loss says
            little, the L1 part is taken.

    Returns:
        Dict with "epoch", "loss" and "val_loss", or {} if it has none.
    """
    for loss, validation in (("g_l1", "val_g_l1"), ("loss", "val_loss")):
        if loss in history and validation in history:
            return {
                "epoch": history["epoch"],
                "loss": history[loss],
                "val_loss": history[validation],
            }
    return {}
