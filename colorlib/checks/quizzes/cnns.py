"""CNNs: lessons 02b to 03b. Whoever learns here should not read on."""

from colorlib.checks.question import Question

CNNS = (
    Question(
        "A `Conv2D` has 32 filters of 3 x 3, biases, and an input with 16 channels. "
        "How many weights does it have, biases included?",
        right=4640,
        explained="3 x 3 x 16 x 32 = 4608, and 32 biases. The picture's size is not "
        "in it.",
        hints={
            4608: "and the biases?",
            320: "each filter has a square for each channel of its input.",
            4624: "is there a bias for each input channel, or for each filter?",
            288: "each filter has a square for each channel, and a bias.",
            1568: "a window is 3 x 3, not 3.",
        },
        hint="kernel height x width x input channels x filters, and one bias a filter.",
    ),
    Question(
        "Two convolutions: first 3 x 3 with stride 2, then 3 x 3 with stride 1. How "
        "many pixels wide is what one output value sees?",
        right=7,
        explained="Back from the end: 1, then 3, then (3 - 1) x 2 + 3 = 7.",
        hints={
            5: "walk from the end, and with the stride: how far apart are two "
            "neighbours after the first layer?",
            6: "the last step back adds the whole kernel: (r - 1) x stride + kernel.",
            9: "windows overlap: they do not multiply.",
            3: "that is the last layer alone.",
        },
        hint="walk back from one value with r <- (r - 1) x stride + kernel.",
    ),
    Question(
        "Your network reaches a PSNR of 25.1 dB on test pictures. Grey reaches 25.2 "
        "dB on the same pictures. What do you know?",
        right="b",
        explained="Beside its floor the number is nothing. L alone gives most of a "
        "PSNR.",
        choices={
            "a": "25 dB is a good result, as published ones are near it",
            "b": "in this measure it is no better than not colouring at all",
            "c": "a quarter of the pixels have the right colour",
            "d": "its colours are too strong",
        },
        hints={
            "a": "what does somebody get who paints nothing?",
            "c": "decibels are no percentages.",
            "d": "perhaps, but this number does not say so: pale wrong colours would "
            "do it, too.",
        },
    ),
    Question(
        "You write `optimizer = keras.optimizers.Adam(3e-4)` and then "
        '`model.compile(loss="mse")`. What trains the network?',
        right="b",
        explained="An optimizer that is not handed over does nothing. `compile` "
        "takes its default, RMSprop.",
        choices={
            "a": "Adam with learning rate 0.0003",
            "b": "RMSprop with Keras' own learning rate",
            "c": "nothing: compile stops with an error",
            "d": "Adam with Keras' own learning rate",
        },
        hints={
            "a": "how would `compile` know of it?",
            "c": "it does not stop, and that is what makes it dangerous.",
            "d": "which optimizer does `compile` take when nobody says one? "
            "`model.optimizer.name` tells.",
        },
    ),
    Question(
        "A car is red or green, equally often, and its grey does not tell. What does "
        "a network trained with squared error answer after enough training?",
        right="b",
        explained="Of all answers the mean has the smallest squared error, though no "
        "car has that colour.",
        choices={
            "a": "red or green, as it happens",
            "b": "the mean of both, a dull brown",
            "c": "no colour at all, since it cannot know: a and b are 0",
            "d": "the colour that it saw last",
        },
        hints={
            "a": "what does it cost, squared, to be wrong half of the time? Is there "
            "anything cheaper?",
            "c": "is 0 the number that is nearest to both, in b too?",
            "d": "each step moves a little; in the long run all examples pull.",
        },
    ),
    Question(
        "Two models coloured the same 100 test pictures. The 95 % intervals of their "
        "mean errors overlap. What follows?",
        right="c",
        explained="Most of each interval comes from the pictures, hard ones and easy "
        "ones, which both share. The differences, picture by picture, decide.",
        choices={
            "a": "there is no difference between them",
            "b": "the one with the smaller mean is better",
            "c": "nothing yet: look at the interval of the paired differences",
            "d": "the test pictures were trained on",
        },
        hints={
            "a": "what if one is better by a little on each single picture?",
            "b": "perhaps. How sure is it?",
            "d": "nothing here says so.",
        },
    ),
)
