"""Real or fake? The blind test of the pix2pix paper, in a notebook.

A photograph and the same photograph coloured by a network appear side by side for one
second. Then there is all the time in the world to say which one was the fake. The first
trials are practice, with an answer; the others count, and say nothing before the end.
The measure is the share of trials in which the fake was taken for the real one.

Reference:
    Isola et al. 2017, Image-to-Image Translation with Conditional Adversarial Networks,
    section 4.1, "AMT perceptual studies", which follows Zhang et al. 2016, Colorful
    Image Colorization. From there: 1 second, 10 trials of practice, 40 that count,
    "which was fake", both pictures from one grey photograph, one network a session,
    one session a person, about 50 people. Ours: side by side, and the fake is as often
    on the left as on the right.
"""

import base64
import hashlib
import io
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.stats import binomtest

from colorlib.metrics.scores import colourfulness
from colorlib.utils.files import write_atomically

# Of the same paper, table 5: ImageNet at 256 pixels.
PAPER = {"L2": 0.163, "pix2pix": 0.225, "Zhang et al. 2016": 0.278}
SIDES = ("left", "right")


@dataclass(frozen=True)
class Result:
    """How many of the trials that count fooled somebody; `print` says what it means."""

    fooled: int
    trials: int

    @property
    def share(self):
        """The share of trials in which the fake was taken for the real one."""
        return self.fooled / self.trials

    @property
    def interval(self):
        """Its 95 % interval (low, high) by Wilson; it takes trials for independent."""
        test = binomtest(self.fooled, self.trials)
        interval = test.proportion_ci(method="wilson")
        return float(interval.low), float(interval.high)

    def __str__(self):
        """The result in words, beside chance and the paper's figures."""
        low, high = self.interval
        paper = ", ".join(f"{name} {share:.1%}" for name, share in PAPER.items())
        return (
            f"The coloured picture was taken for the real one in {self.fooled} of "
            f"{self.trials} trials: {self.share:.1%}, 95 % interval {low:.1%} to "
            f"{high:.1%}. Chance is 50 %: then nobody can tell them apart. The paper's "
            f"people, with other photographs: {paper}."
        )


@dataclass(frozen=True)
class Trial:
    """One pair: which picture, on which side its fake is, and whether it counts."""

    picture: int
    fake: str
    counts: bool


class BlindTest:
    """A session of one person with the pictures of one network.

    Args:
        real: uint8 array `(N, H, W, 3)`, photographs that the network never saw.
        fake: the same ones, coloured by it.
        trials: how many count.
        practice: how many come before, with an answer.
        seconds: how long a pair is to be seen.
        seed: of the choice, the order and the sides; give each person another one.

    Attributes:
        plan: the `Trial`s, in their order.
        answers: what was taken for the fake so far, "left" or "right".

    Raises:
        ValueError: if the pictures do not fit each other, or are too few.
    """

    def __init__(self, real, fake, trials=40, practice=10, seconds=1.0, seed=0):
        self.real, self.fake = np.asarray(real), np.asarray(fake)
        shapes = self.real.shape, self.fake.shape
        if shapes[0] != shapes[1] or self.real.ndim != 4 or shapes[0][-1] != 3:
            raise ValueError(f"both must be (N, H, W, 3), got {shapes}.")
        if {self.real.dtype, self.fake.dtype} != {np.dtype("uint8")}:
            raise ValueError("8-bit pictures are needed (uint8, 0 to 255).")
        if trials < 1 or practice < 0 or trials + practice > len(self.real):
            raise ValueError(
                f"{practice} + {trials} trials need as many pictures, got "
                f"{len(self.real)}. Each is shown once."
            )
        if not seconds > 0:
            raise ValueError(f"seconds must be above 0, got {seconds}.")
        self.practice, self.seconds, self.seed = practice, seconds, seed
        self.answers = []
        random = np.random.default_rng(seed)
        chosen = random.permutation(len(self.real))[: practice + trials]
        sides = []
        for count in (practice, trials):  # as often left as right, in each part
            sides += random.permutation(np.arange(count) % 2).tolist()
        self.plan = [
            Trial(int(picture), SIDES[side], number >= practice)
            for number, (picture, side) in enumerate(zip(chosen, sides))
        ]

    @property
    def done(self):
        """Whether all questions are answered."""
        return len(self.answers) == len(self.plan)

    def pair(self):
        """The two pictures of the question: (left, right), uint8 `(H, W, 3)`."""
        trial = self.plan[len(self.answers)]
        pair = self.fake[trial.picture], self.real[trial.picture]
        return pair if trial.fake == "left" else pair[::-1]

    def answer(self, side):
        """Records which picture was taken for the fake.

        Args:
            side: "left" or "right".

        Returns:
            In practice whether that was right; None in the trials that count.

        Raises:
            ValueError: if `side` is none, or all questions are answered.
        """
        if side not in SIDES:
            raise ValueError(f"side must be one of {SIDES}, got {side!r}.")
        if self.done:
            raise ValueError("all questions are answered.")
        trial = self.plan[len(self.answers)]
        self.answers.append(side)
        return None if trial.counts else side == trial.fake

    def play(self, judge):
        """Has a rule answer all questions that are left.

        Args:
            judge: function of the left and the right picture that says which one it
                takes for the fake, "left" or "right"; such as `paler_is_fake`.

        Returns:
            The `Result`.
        """
        while not self.done:
            self.answer(judge(*self.pair()))
        return self.result()

    def result(self):
        """The `Result` of the trials that count.

        Raises:
            ValueError: if questions are left: who knows the score plays to it.
        """
        if not self.done:
            left = len(self.plan) - len(self.answers)
            raise ValueError(f"{left} questions are left; the result comes at the end.")
        wrong = [a != t.fake for t, a in zip(self.plan, self.answers) if t.counts]
        return Result(sum(wrong), len(wrong))

    def save(self, folder, person):
        """Writes the answers into `folder/person.json`.

        Args:
            folder: one for each network; see `merge`.
            person: a name, of letters, digits, `-` and `_`.

        Returns:
            The path.

        Raises:
            ValueError: if questions are left, or the name is none.
            FileExistsError: if this person's answers are there already.
        """
        if not str(person).replace("-", "").replace("_", "").isalnum():
            raise ValueError(f"person must be of letters and digits, got {person!r}.")
        result, path = self.result(), Path(folder) / f"{person}.json"
        if path.exists():
            raise FileExistsError(f"{path} is there already: one session a person.")
        pictures = hashlib.sha256(self.real.tobytes() + self.fake.tobytes())
        record = {
            "person": str(person),
            "pictures": pictures.hexdigest(),
            "seconds": self.seconds,
            "seed": self.seed,
            "fooled": result.fooled,
            "trials": result.trials,
            "answers": [
                {"picture": t.picture, "fake": t.fake, "answer": a, "counts": t.counts}
                for t, a in zip(self.plan, self.answers)
            ],
        }
        write_atomically(path, (json.dumps(record, indent=1) + "\n").encode())
        return path

    def show(self):
        """Lets a person take the test; questions answered before stay answered.

        The browser itself shows and hides the pictures, so that a slow connection does
        not lengthen the second.

        Returns:
            A widget, for JupyterLab, Notebook 7 and Colab.
        """
        import ipywidgets as widgets

        stage, said = widgets.HTML(), widgets.HTML()
        below = widgets.Layout(width="256px", margin="8px")  # each below its picture
        buttons = {
            side: widgets.Button(description=f"The {side} one is fake", layout=below)
            for side in ("left", "right")
        }
        go = widgets.Button(description="Start", button_style="primary", layout=below)

        def ask(_=None):
            number, trials = len(self.answers) + 1, len(self.plan) - self.practice
            part = f"Trial {number - self.practice} of {trials}"
            if number <= self.practice:
                part = f"Practice {number} of {self.practice}"
            said.value = f"<b>{part}.</b> Which one is fake?"
            stage.value = _flash(self.pair(), self.seconds, number)
            set_buttons(asking=True)

        def take(side):
            right = self.answer(side)
            if self.done:
                finish()
            elif right is None:
                ask()
            else:
                fake = self.plan[len(self.answers) - 1].fake
                word = "Right" if right else "Wrong"
                said.value = f"<b>{word}:</b> the {fake} one was the fake."
                go.description = "Next"
                set_buttons(asking=False)

        def finish():
            said.value, stage.value = str(self.result()), ""
            set_buttons(asking=False)
            go.disabled = True

        def set_buttons(asking):
            go.disabled = asking
            for button in buttons.values():
                button.disabled = not asking

        for side, button in buttons.items():
            button.on_click(lambda _, side=side: take(side))
        go.on_click(ask)
        said.value = (
            "One of two pictures is a photograph, the other one was coloured by a "
            f"network. You see them for {self.seconds:g} s. Say which one is the fake."
        )
        set_buttons(asking=False)
        if self.done:
            finish()
        return widgets.VBox([said, stage, widgets.HBox([*buttons.values()]), go])


def paler_is_fake(left, right):
    """A judge for `BlindTest.play`: takes the less colourful picture for the fake."""
    return "left" if colourfulness(left) < colourfulness(right) else "right"


def merge(folder):
    """Adds up the answers of several people.

    Args:
        folder: where their `save`d files lie.

    Returns:
        (the `Result` of all together, dict from each person to their `Result`). The
        interval takes all trials for independent; people and pictures that come
        several times make it too narrow.

    Raises:
        FileNotFoundError: if there is no file.
        ValueError: if the files are of different pictures, or one is damaged.
    """
    people, pictures = {}, set()
    for path in sorted(Path(folder).glob("*.json")):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            counted = [a for a in record["answers"] if a["counts"]]
            wrong = sum(a["answer"] != a["fake"] for a in counted)
            people[record["person"]] = Result(wrong, len(counted))
            pictures.add(record["pictures"])
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path} is damaged ({error!r}); move it away.") from error
    if not people:
        raise FileNotFoundError(f"{folder} holds no answers (*.json).")
    if len(pictures) > 1:
        raise ValueError(f"{folder} holds answers about different pictures.")
    results = people.values()
    together = Result(sum(r.fooled for r in results), sum(r.trials for r in results))
    return together, people


def _flash(pair, seconds, number):
    """HTML of two pictures that appear after half a second, and for so long."""
    name, images = f"flash{number}", ""
    for rgb in pair:
        file = io.BytesIO()
        Image.fromarray(rgb).save(file, "PNG")
        source = base64.b64encode(file.getvalue()).decode()
        images += f'<img class="{name}" src="data:image/png;base64,{source}">'
    return (
        f"<style>@keyframes {name} {{from, to {{visibility: visible}}}} "
        f".{name} {{visibility: hidden; animation: {name} {seconds}s linear 0.5s; "
        "width: 256px; height: 256px; object-fit: contain; margin: 8px}</style>"
        f"<div>{images}</div>"
    )
