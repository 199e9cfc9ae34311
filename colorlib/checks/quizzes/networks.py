"""The paper's networks: lesson 06. Whoever learns here should not read on."""

from colorlib.checks.question import Question

NETWORKS = (
    Question(
        "The 70 x 70 discriminator pads each layer by 1: kernels of 4, strides 2, 2, "
        "2, 1, 1. For a picture of 128 pixels a side, how many logits a side does it "
        "give?",
        right=14,
        explained="128 -> 64 -> 32 -> 16, and each layer of stride 1 takes one away: "
        "15, 14.",
        hints={
            16: 'that is padding="same". A kernel of 4 with padding 1 and stride 1 '
            "takes one away.",
            30: "that is for 256 pixels.",
            15: "there are two layers of stride 1.",
            70: "that is how far a logit sees. How many are there?",
            8: "only three layers halve.",
        },
        hint="a layer makes (side + 2 - 4) / stride + 1 of a side.",
    ),
    Question(
        "Kernels of 4 with strides 2, 2, 1 and 1. How many pixels a side does one "
        "output see?",
        right=34,
        explained="Back from the end: 1, 4, 7, then 6 x 2 + 4 = 16, then 15 x 2 + 4 "
        "= 34.",
        hints={
            70: "that has one layer of stride 2 more.",
            16: "begin at the end, and leave no layer out.",
            13: "the strides are missing.",
            256: "windows overlap: they do not multiply.",
        },
        hint="walk back from one value with r <- (r - 1) x stride + kernel.",
    ),
    Question(
        "In the decoder a layer gives 512 channels, and the skip brings 512 from the "
        "encoder. How many channels does the next layer get?",
        right=1024,
        explained="A U-Net lays them side by side; it does not add them.",
        hints={
            512: "that would be so if they were added, as in a residual network.",
            256: "which way does Concatenate go?",
        },
        hint="the skip and the layer's output lie side by side.",
    ),
    Question(
        "At batch size 1 there is BatchNorm on the innermost layer, which is 1 x 1. "
        "Before gamma and beta, in training mode, what comes out of it?",
        right="b",
        explained="Each channel has one number, and a number minus its own mean is "
        "0. So the neck says the same for every picture.",
        choices={
            "a": "the same as without BatchNorm",
            "b": "zeros, whatever the picture",
            "c": "an error, as the variance is 0",
            "d": "numbers with standard deviation 1",
        },
        hints={
            "a": "how many numbers does a channel have there, and what is their mean?",
            "c": "a small epsilon keeps it from dividing by 0. That is why nobody "
            "notices.",
            "d": "of how many numbers would that be the deviation?",
        },
    ),
    Question(
        "What are the skips of the U-Net for?",
        right="c",
        explained="The neck is one pixel wide: what is lost there comes over the "
        "skips.",
        choices={
            "a": "they save weights",
            "b": "they let the discriminator see the input",
            "c": "they carry details that do not fit through the neck",
            "d": "they make the receptive field larger",
        },
        hints={
            "a": "the layers behind a skip have more input channels. More weights or "
            "fewer?",
            "b": "the discriminator is given the input by itself.",
            "d": "the deepest layer sees most, and it has no skip.",
        },
    ),
)
