"""Pix2pix, trained: lesson 07. Whoever learns here should not read on."""

from colorlib.checks.question import Question

TRAINED = (
    Question(
        "In a batch g_adv is 1.5 and g_l1 is 0.05; l1_weight is 100. What is the "
        "generator's loss?",
        right=6.5,
        within=0.01,
        explained="1.5 + 100 x 0.05: less than a quarter of it is adversarial.",
        hints={
            1.55: "and the weight?",
            5.0: "that is the L1 part alone.",
            150.05: "the weight belongs to the L1 distance.",
            7.5: "the two terms are added.",
            155.0: "only one of the terms is weighted.",
        },
        hint="g_adv + l1_weight * g_l1.",
    ),
    Question(
        "d_real is 0.02 and d_fake is 1.40, in every epoch. What happens here?",
        right="b",
        explained="It pays little for real ones and much for fakes: it says 'real' "
        "to everything. The mean alone would look like a draw.",
        choices={
            "a": "nobody wins: their mean is near log 2",
            "b": "the discriminator calls nearly everything real",
            "c": "the discriminator has won",
            "d": "the discriminator calls nearly everything fake",
        },
        hints={
            "a": "look at each loss by itself: in a draw both are near log 2.",
            "c": "then both would be near 0.",
            "d": "then d_real would be the large one.",
        },
    ),
    Question(
        "One training step with `d_steps=2`: how often does each network learn?",
        right="d",
        explained="Generator once, discriminator twice, against the same fakes; then "
        "the generator is judged by the discriminator as it is now.",
        choices={
            "a": "both twice",
            "b": "the generator twice, the discriminator once",
            "c": "the discriminator twice, the generator only in every second step",
            "d": "the discriminator twice, the generator once",
        },
        hints={
            "a": "d_steps counts for one of the two.",
            "b": "whose steps does d_steps count?",
            "c": "a step of the pair always moves the generator.",
        },
    ),
    Question(
        "Training stops and goes on from a file that has both networks' weights, but "
        "not their optimizers. What happens?",
        right="c",
        explained="Adam's means begin at 0 again. No message, and other steps.",
        choices={
            "a": "Keras stops with an error",
            "b": "the same as without the break",
            "c": "it goes on as another training, and nothing says so",
            "d": "the learning rate is 0, so nothing moves",
        },
        hints={
            "a": "new optimizers are as good as any to Keras.",
            "b": "what does Adam remember from step to step?",
            "d": "the rate is a setting, and settings are given again.",
        },
    ),
    Question(
        "On the test pictures the GAN has a larger ab MAE than L1, and nearly the "
        "truth's colourfulness. What do you conclude?",
        right="b",
        explained="A bold wrong colour costs more than a pale one. The table has no "
        "single winner, so look at the pictures as well.",
        choices={
            "a": "its training has failed",
            "b": "it decides, and pays where it is wrong; neither number is the "
            "verdict",
            "c": "it is better, since colourfulness is what counts",
            "d": "it was trained on the test pictures",
        },
        hints={
            "a": "which kind of answer has the smallest absolute error, and how does "
            "that look?",
            "c": "random hues are colourful, too.",
            "d": "then its error would be small.",
        },
    ),
    Question(
        "Which epoch of a GAN do you keep?",
        right="d",
        explained="The validation loss is mostly L1, which likes pale pictures, and "
        "its other half depends on the opponent of that epoch.",
        choices={
            "a": "the one with the lowest validation loss",
            "b": "the one with the lowest d_real + d_fake",
            "c": "always the last one",
            "d": "the one whose held-out pictures look best, chosen on validation "
            "pictures",
        },
        hints={
            "a": "which pictures does that loss prefer?",
            "b": "that is when the discriminator was most ahead. Good for whom?",
            "c": "games do not improve for ever.",
        },
    ),
)
