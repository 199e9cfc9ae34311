"""Basic machine learning: lessons 00 to 02. Whoever learns here should not read on."""

from colorlib.checks.question import Question

BASICS = (
    Question(
        "A NumPy array of `uint8` holds 250. You add 10 to it, without dividing by "
        "255 first. Which number does it hold now?",
        right=4,
        explained="256 begins again at 0: 260 - 256 = 4, without a word of warning.",
        hints={
            260: "does a uint8 go that far?",
            255: "NumPy does not stop at the largest number.",
        },
        hint="section 'The 8-bit trap' of lesson 01: what comes after 255?",
    ),
    Question(
        "You compared ten models by their error on the validation pictures and took "
        "the best. Which error do you report?",
        right="c",
        explained="The validation pictures had a say in the choice; the test "
        "pictures had none.",
        choices={
            "a": "its error on the validation pictures, since that is how it was "
            "chosen",
            "b": "its error on the training pictures, since there are most of them",
            "c": "its error on the test pictures, measured once, after the choice",
            "d": "the mean of all three errors",
        },
        hints={
            "a": "with ten tries one is lucky on these pictures. What does that do "
            "to the number?",
            "b": "it has learned from these; it may know them by heart.",
            "d": "two of the three are too good. Does a mean with them become honest?",
        },
    ),
    Question(
        "A pixel is sky. A logistic regression gives it the probability 0.25 of "
        "being sky. What is its cross-entropy (natural logarithm, two digits)?",
        right=1.39,
        within=0.006,
        explained="-log 0.25 = 1.39. Half as likely, 0.125, would cost log 2 more.",
        hints={
            0.29: "that is -log 0.75, the cost if the pixel were not sky.",
            0.75: "that is how far it is from 1; cross-entropy takes a logarithm.",
            -1.39: "a loss here is never negative.",
            0.6: "the logarithm to the base 10 is another one: np.log is natural.",
            2.0: "the natural logarithm is asked for, not the one to the base 2.",
        },
        hint="cross-entropy is -log of the probability of what is true.",
    ),
    Question(
        "You derived a gradient. Nudging says that your slope is exactly half of the "
        "true one, for every weight. What is the likeliest cause?",
        right="b",
        explained="The same factor everywhere is a constant that was forgotten, such "
        "as the 2 of a square.",
        choices={
            "a": "the learning rate is too large",
            "b": "a factor is missing in the derivation",
            "c": "the network overfits",
            "d": "the bend (ReLU) was forgotten on the way back",
        },
        hints={
            "a": "a check makes no step downhill. Does it use a learning rate?",
            "c": "overfitting is about other data. Here both slopes are of the same.",
            "d": "that is wrong at some weights and right at others. Here it is the "
            "same factor everywhere.",
        },
    ),
    Question(
        "How many numbers does a network of Dense layers 10 -> 20 -> 2 learn?",
        right=262,
        explained="10 x 20 + 20 weights and biases, then 20 x 2 + 2.",
        hints={
            240: "each neuron has one number more than its weights.",
            32: "these are its values. The numbers that it learns are on the way "
            "from each to each.",
            400: "multiply two neighbours at a time, and add over the layers.",
            260: "the outputs have biases, too.",
            242: "the hidden neurons have biases, too.",
        },
        hint="from n to m values there are n x m weights and m biases.",
    ),
    Question(
        "The training loss still falls, the validation loss has been rising since "
        "epoch 5. Which of these makes it worse?",
        right="c",
        explained="More neurons can remember more. The other three are cures.",
        choices={
            "a": "more training pictures",
            "b": "dropout",
            "c": "twice as many neurons",
            "d": "stopping at epoch 5",
        },
        hints={
            "a": "more pictures are harder to learn by heart.",
            "b": "dropout is a cure: no neuron can rely on another one.",
            "d": "at epoch 5 the validation loss was at its lowest.",
        },
    ),
)
