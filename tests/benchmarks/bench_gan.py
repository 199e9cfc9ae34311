"""How long does a training step of pix2pix take, here and in the tutorial's way?

    python tests/benchmarks/bench_gan.py [--profile]

Ours: `gan.Pix2Pix`, by the function that `fit` compiles. The other: a step as the
TensorFlow tutorial on pix2pix has it (two tapes, both gradients taken before either
network moves, two Keras Adam, `tf.function`), on the same networks made of Keras' own
layers. Ours does more: its generator learns from the discriminator that has just
learnt, as in the paper, which takes one more pass through the discriminator.

The two take turns, so that whatever else the machine does meets both; where it does
much, the figures by processor time (all cores' seconds added up) are the fairer ones.
The target is 1.2. What bounds it are the convolutions and their gradients, which both
have to do. Counted at 256 px and full width, a picture costs the tutorial 39.9 thousand
million multiplications (5.98 a pass of the generator, three passes' worth; 3.15 a pass
of the discriminator, two forward and five of gradients) and ours 43.0, for the one pass
more: a ratio of 0.93. So 1.2 can be reached only where convolutions take less than 77 %
of the tutorial's step, even if all else of ours cost nothing. On two idle cores
(2026-11) they take 73 % of the tutorial's operations at batch 1 and 68 % at batch 4
(two Adam in Keras' element-wise operations: 20 and 12 %), and 77 and 81 % of ours; so
the bounds are 1.61 and 1.36, and what was measured is 1.05 and 1.00: most of the time
lies in what both share. `--profile` shows it with TensorFlow's profiler.
"""

import argparse
import collections
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from keras import layers  # noqa: E402

from colorlib.gan import Pix2Pix
from colorlib.models.patch_discriminator import build_patch_discriminator
from colorlib.models.unet import build_unet
from colorlib.training.runtime import set_seed
from colorlib.utils.backends import hardware

SEED = 0
TARGET = 1.2


def main():
    """Prints seconds a step of both, and their ratio, for each batch size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--size", type=int, default=256, help="pixels")
    parser.add_argument("--width", type=int, default=64, help="of the first layers")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=3, help="in a round")
    parser.add_argument("--threads", type=int, help="default: one a core")
    parser.add_argument("--profile", action="store_true", help="what the time goes to")
    options = parser.parse_args()
    if options.threads:
        tf.config.threading.set_intra_op_parallelism_threads(options.threads)

    print(
        f"U-Net and PatchGAN 70, width {options.width}, {options.size} px; "
        f"seed {SEED}; {hardware()}"
    )
    for batch_size in options.batches:
        compare(batch_size, options)


def compare(batch_size, options):
    """Times both steps in turns and prints a table."""
    set_seed(SEED)
    random = np.random.default_rng(SEED)
    shape = (batch_size, options.size, options.size)
    L = random.uniform(-1, 1, (*shape, 1)).astype("float32")
    ab = random.uniform(-1, 1, (*shape, 2)).astype("float32")
    batches = iter(tf.data.Dataset.from_tensors((L, ab)).repeat())
    ours = our_step(options)
    theirs = tutorial_step(options)
    for step in (ours, theirs):  # traces the graph, then warms up
        measure(step, batches, 1), measure(step, batches, 1)
    if options.profile:
        for label, step in (("tutorial", theirs), ("ours", ours)):
            print(f"batch {batch_size}, {label}: {profile(step, batches, options)}")
        return

    rounds = [
        (
            measure(theirs, batches, options.steps),
            measure(ours, batches, options.steps),
        )
        for _ in range(options.rounds)
    ]
    print(
        f"Batch {batch_size}, seconds a step, median of {options.rounds} rounds of "
        f"{options.steps} (lowest to highest):"
    )
    for way, label in enumerate(("by the clock", "by processor time")):
        ratios = [theirs[way] / ours[way] for theirs, ours in rounds]
        verdict = "reached" if statistics.median(ratios) >= TARGET else "missed"
        print(
            f"{label:18} tutorial {summary([r[0][way] for r in rounds])}, ours "
            f"{summary([r[1][way] for r in rounds])}, ratio {summary(ratios)} "
            f"(target {TARGET:g}: {verdict})",
            flush=True,
        )


def our_step(options):
    """A function of an iterator: one step of `fit`."""
    generator = build_unet(options.size, options.width)
    model = Pix2Pix(generator, build_patch_discriminator(70, options.width))
    model.compile()
    model.make_train_function()
    return lambda batches: model.train_function(batches)


def tutorial_step(options):
    """A function of an iterator: one step of the tutorial's kind."""
    generator = stock(build_unet(options.size, options.width))
    discriminator = stock(build_patch_discriminator(70, options.width))
    g_adam, d_adam = (keras.optimizers.Adam(2e-4, beta_1=0.5) for _ in range(2))
    g_adam.build(generator.trainable_variables)
    d_adam.build(discriminator.trainable_variables)
    entropy = keras.losses.BinaryCrossentropy(from_logits=True)

    @tf.function
    def learn(L, real_ab):
        with tf.GradientTape() as g_tape, tf.GradientTape() as d_tape:
            fake_ab = generator(L, training=True)
            real_logits = discriminator([L, real_ab], training=True)
            fake_logits = discriminator([L, fake_ab], training=True)
            g_adv = entropy(tf.ones_like(fake_logits), fake_logits)
            g_loss = g_adv + 100 * tf.reduce_mean(tf.abs(real_ab - fake_ab))
            d_real = entropy(tf.ones_like(real_logits), real_logits)
            d_loss = d_real + entropy(tf.zeros_like(fake_logits), fake_logits)
        for tape, loss, network, adam in (
            (g_tape, g_loss, generator, g_adam),
            (d_tape, d_loss, discriminator, d_adam),
        ):
            weights = network.trainable_variables
            adam.apply_gradients(zip(tape.gradient(loss, weights), weights))
        return {"g_loss": g_loss, "d_loss": d_loss}

    return lambda batches: learn(*next(batches))


def stock(network):
    """The same network of Keras' own layers."""

    def copy(layer):
        kind = type(layer)
        if isinstance(layer, layers.Conv2DTranspose):
            kind = layers.Conv2DTranspose
        return kind.from_config(layer.get_config())

    return keras.models.clone_model(network, clone_function=copy)


def measure(step, batches, count):
    """Seconds a step, by the clock and by processor time."""
    clock, processor = time.perf_counter(), time.process_time()
    for _ in range(count):
        losses = step(batches)
    if not np.isfinite([float(loss) for loss in losses.values()]).all():  # waits, too
        raise ValueError(f"The losses are not finite: {losses}.")
    clock, processor = time.perf_counter() - clock, time.process_time() - processor
    return clock / count, processor / count


def profile(step, batches, options):
    """Says what the operations of a step cost, kind by kind."""
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    with tempfile.TemporaryDirectory() as folder:
        with tf.profiler.experimental.Profile(folder):
            measure(step, batches, options.steps)
        (path,) = Path(folder).rglob("*.xplane.pb")
        trace = xplane_pb2.XSpace.FromString(path.read_bytes())
    seconds = collections.Counter()
    for plane in trace.planes:
        for line in plane.lines:
            for event in line.events:
                kind = plane.event_metadata[event.metadata_id].name.rpartition(":")[2]
                if kind in dir(tf.raw_ops) or kind.startswith(("_Fused", "_Mkl")):
                    seconds[kind] += event.duration_ps / 1e12 / options.steps
    total = sum(seconds.values())
    convolutions = sum(s for kind, s in seconds.items() if "Conv2D" in kind)
    most = [f"{kind} {s / total:.0%}" for kind, s in seconds.most_common(8)]
    return (
        f"{total:.2f} s of operations a step, {convolutions:.2f} s of them "
        f"convolutions ({convolutions / total:.0%}): {', '.join(most)}"
    )


def summary(values):
    """Median and range in one phrase."""
    return f"{statistics.median(values):.3f} ({min(values):.3f} to {max(values):.3f})"


if __name__ == "__main__":
    main()
