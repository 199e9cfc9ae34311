"""GANs: lessons 04 and 05. Whoever learns here should not read on."""

from colorlib.checks.question import Question

GANS = (
    Question(
        "A grey is golden in 60 % of all cases and blue in 40 %. Which of these "
        "answers a colour that is neither?",
        right="a",
        explained="The mean lies between the two. The median of two values is the "
        "more frequent one, and the classes at low temperature take the likeliest.",
        choices={
            "a": "squared error",
            "b": "absolute error",
            "c": "classes of colour, at a temperature near 0",
            "d": "all three",
        },
        hints={
            "b": "lay the cases in a row, sorted. Which one stands in the middle?",
            "c": "near 0 the likeliest class takes it all.",
            "d": "two of them take the more frequent colour.",
        },
    ),
    Question(
        "Two classes have the shares 0.8 and 0.2. Annealed with T = 0.5, what is the "
        "share of the first (two digits)?",
        right=0.94,
        within=0.006,
        explained="0.8 and 0.2 to the power 1/T = 2 are 0.64 and 0.04; 0.64 / 0.68.",
        hints={
            0.64: "do the two still add up to 1?",
            0.67: "that is the power T. It is 1/T: below 1 a temperature makes surer.",
            0.8: "only T = 1 leaves the shares alone.",
            1.6: "the logits are divided by T, not the shares.",
            1.0: "only T near 0 goes all the way.",
        },
        hint="each share to the power 1/T, then divide by their sum.",
    ),
    Question(
        "At one spot a real dot falls with probability 0.3 and a fake one with 0.1. "
        "What is the best verdict D there?",
        right=0.75,
        within=0.006,
        explained="p / (p + q) = 0.3 / 0.4.",
        hints={
            0.25: "that is the share of the fake ones.",
            3.0: "a verdict is a probability.",
            0.3: "how often does *any* dot fall there?",
            0.5: "that would be right if both were equally likely.",
            0.2: "a difference is no share.",
        },
        hint="of all dots at that spot, which share is real?",
    ),
    Question(
        "The losses of both players stay near log 2. What do you know about the "
        "pictures?",
        right="d",
        explained="In the lesson's collapse they were there, too. Look at the "
        "samples, and count where you can.",
        choices={
            "a": "they cannot be told from real ones",
            "b": "they are bad: the discriminator has won",
            "c": "the generator has stopped learning",
            "d": "nothing yet",
        },
        hints={
            "a": "the collapsed game read the same.",
            "b": "then its loss would be near 0.",
            "c": "each loss depends on the other player, who may learn as well.",
        },
    ),
    Question(
        "Why does the generator make -log D(fake) small, and not log(1 - D(fake))?",
        right="b",
        explained="The second is flat exactly where the fakes are worst: it saturates.",
        choices={
            "a": "the second wants something else",
            "b": "where D is sure of a fake the second has hardly any slope",
            "c": "the first is always the smaller number",
            "d": "so that D does not learn too fast",
        },
        hints={
            "a": "both are smallest where D says 'real'.",
            "c": "the size of a loss moves nothing. What moves the weights?",
            "d": "D has a loss of its own, and it is the same in both cases.",
        },
    ),
    Question(
        "In the pix2pix paper the discriminator sees the grey picture beside the "
        "colours. If it saw the colours alone, what could the generator get away with?",
        right="c",
        explained="Nobody compares the colours with the picture any more. The "
        "condition is what makes the pair believable.",
        choices={
            "a": "nothing: it has to learn the same",
            "b": "grey pictures",
            "c": "any believable colours, whether or not they fit the picture",
            "d": "a smaller network",
        },
        hints={
            "a": "who would notice a blue lawn that would make a fine sky?",
            "b": "a discriminator that has seen real ab knows that they are not all 0.",
            "d": "perhaps, but what about its colours?",
        },
    ),
)
