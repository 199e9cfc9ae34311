"""colorlib: the helper package of the image colorization course.

What the lessons write in the open and then import stands in front:

    lab         sRGB <-> CIE L*a*b*, the scaling for networks, the gamut
    ab_bins     colour as classes: bins, rebalancing, annealed mean
    gan         Pix2Pix: generator and discriminator trained by one `fit`
    optimizers  Adam and the learning rate's schedules
    plotting    every figure of pictures and numbers
    drawing     networks, drawn from the networks
    interactive what moves: sliders, a game as a film
    checks      the checks of the exercises and milestones
    errors      the exceptions

    images      one picture: read, resized, restored and written
    data        data sets: find, fetch, read and split them; batches
    models      the networks, their weights files and cards
    metrics     errors, baselines, intervals, tables, LPIPS
    training    recipes, training that resumes, callbacks
    colorize    a trained network on one photograph, and on whole folders
    evaluation  evaluation and benchmark of networks, blind test, report

The machinery behind them:

    video       films: frames in, frames out, colours without flicker
    export      ONNX, LiteRT, a page for browsers
    app         a page on one's own machine (Gradio)
    cli         the command line
    utils       files, where they lie, what differs between Keras' backends

Import from the room: ``from colorlib.lab import rgb_to_lab``.
"""
