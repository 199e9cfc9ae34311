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

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist

import numpy as np

from colorlib.metrics.scores import colourfulness
from colorlib.utils.files import write_atomically

# Of the same paper, table 5: ImageNet at 256 pixels.
PAPER = {"L2": 0.163, "pix2pix": 0.225, "Zhang et al. 2016": 0.278}
SIDES = ("left", "right")


def wilson_interval(successes, trials, confidence=0.95):
    """Confidence interval of a share, right also for few trials and near 0 and 1.

    Args:
        successes: how often it happened.
        trials: how often it could have happened.
        confidence: of the interval, between 0 and 1.

    Returns:
        (low, high), within [0, 1].

    Raises:
        ValueError: if there is no trial, `successes` is not from 0 to `trials`, or
            `confidence` not between 0 and 1.

    Reference:
        Wilson 1927, Probable Inference, the Law of Succession, and Statistical
        Inference. Checked against `scipy.stats.binomtest(...).proportion_ci("wilson")`.
    """
    if trials < 1 or not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes of {trials} trials are impossible.")
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must be between 0 and 1, got {confidence:g}.")
    z = NormalDist().inv_cdf(0.5 + confidence / 2.0)
    share = successes / trials
    middle = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    spread = (share * (1 - share) / trials + (z / (2 * trials)) ** 2) ** 0.5
    half = z * spread / (1 + z * z / trials)
    return max(0.0, middle - half), min(1.0, middle + half)


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
        """Its 95 % Wilson interval; it takes the trials for independent."""
        return wilson_interval(self.fooled, self.trials)

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
        """The test as a widget; see `blind_widget.show`."""
        from colorlib.evaluation.blind_widget import show

        return show(self)


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
