"""Devices, gradients and steps of `fit` on TensorFlow, JAX and PyTorch.

Keras has one way to write a network for all backends, but none for a training step of
one's own. What differs between the backends is here.
"""

import contextlib
import os

import keras
from keras import ops


def replicas():
    """On how many devices TensorFlow trains at once; 1 on other backends."""
    if keras.backend.backend() != "tensorflow":
        return 1
    import tensorflow as tf

    return tf.distribute.get_strategy().num_replicas_in_sync


def gradients_of(loss_function, variables, model):
    """Calls a loss function and says how its loss depends on variables.

    Args:
        loss_function: without arguments; returns a scalar, the loss, and `more`, a
            tuple of tensors. What it assigns to variables of the model stays.
        variables: list of Keras variables.
        model: a compiled `keras.Model` with all variables that the loss may read.

    Returns:
        (list of gradients, one for each variable and of its shape, `more`).

    Raises:
        ValueError: if Keras has another backend.
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([variable.value for variable in variables])
            loss, more = loss_function()
        return tape.gradient(loss, [v.value for v in variables]), more
    if backend == "torch":
        import torch

        loss, more = loss_function()
        return torch.autograd.grad(loss, [v.value for v in variables]), more
    if backend == "jax":
        return _jax_gradients(loss_function, variables, model)
    raise ValueError(f"Keras backend must be tensorflow, jax or torch, got {backend}.")


def _jax_gradients(loss_function, variables, model):
    # What the loss changes (BatchNorm statistics, seeds, the discriminator) must leave
    # the traced function as a result, and is then assigned in the scope around it.
    import jax

    learned = {id(variable) for variable in variables}
    everything = [*model.variables, *model.optimizer.variables]
    others = [v for v in everything if id(v) not in learned]

    def pure(values, kept):
        mapping = [*zip(variables, values), *zip(others, kept)]
        with keras.StatelessScope(state_mapping=mapping) as scope:
            loss, more = loss_function()
        return loss, (more, [scope.get_current_value(v) for v in others])

    (_, (more, changed)), gradients = jax.value_and_grad(pure, has_aux=True)(
        [v.value for v in variables], [v.value for v in others]
    )
    for variable, value in zip(others, changed):
        variable.assign(value)
    return gradients, more


def apply_gradients(optimizer, gradients, variables):
    """Takes one step of an optimizer.

    Args:
        optimizer: a built Keras optimizer.
        gradients: from `gradients_of`; scaled, where the optimizer scales its loss.
        variables: the same as there.
    """
    if keras.backend.backend() != "jax":
        optimizer.apply(gradients, variables)
        return
    # Loss scaling branches on the gradients, and JAX's branches may assign nothing.
    everything = [*variables, *optimizer.variables]
    values = [variable.value for variable in everything]
    count = len(variables)
    changed = optimizer.stateless_apply(values[count:], gradients, values[:count])
    for variable, value in zip(everything, [*changed[0], *changed[1]]):
        variable.assign(value)


def run_step(model, function, arguments):
    """Runs a step on one batch as Keras' trainer of the backend wants it.

    Args:
        model: the `keras.Model` that is trained.
        function: takes `(L, ab)` as tensors and returns the logs; may assign to the
            model's variables.
        arguments: of `train_step` or `test_step`: `(data,)`, or `(state, data)` on JAX,
            with the values of all variables.

    Returns:
        The logs; on JAX `(logs, new state)`.
    """
    # `train_on_batch` of an eager model passes NumPy arrays through.
    L, real_ab = (ops.convert_to_tensor(part) for part in arguments[-1][:2])
    if keras.backend.backend() != "jax":
        return function(L, real_ab)
    # `fit` gives four lists of values (weights, other variables, optimizer, metrics)
    # and `evaluate` three; all come back, changed.
    state = arguments[0]
    groups = [model.trainable_variables, model.non_trainable_variables]
    if len(state) == 4:
        groups.append(model.optimizer.variables)
    groups.append(model.metrics_variables)
    mapping = [
        pair for group, values in zip(groups, state) for pair in zip(group, values)
    ]
    with keras.StatelessScope(state_mapping=mapping) as scope:
        logs = function(L, real_ab)
    return logs, tuple(
        [scope.get_current_value(variable) for variable in group] for group in groups
    )


def sync_state(model):
    """Brings a model's variables up to date; JAX's `fit` trains on copies of them."""
    if hasattr(model, "jax_state_sync"):
        model.jax_state_sync()


def fused_adam_step(optimizer, gradient, variable, learning_rate):
    """Takes Adam's step of one variable as a single operation of TensorFlow.

    Args:
        optimizer: a built `keras.optimizers.Adam` without `amsgrad`.
        gradient: tensor of the variable's shape.
        variable: the Keras variable.
        learning_rate: scalar tensor.

    Returns:
        Whether it did. It does nothing on other backends, and where TensorFlow trains
        on several devices: variables are then in several parts.
    """
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    if tf.distribute.has_strategy():
        return False
    index = optimizer._get_variable_index(variable)
    dtype = variable.dtype
    step = tf.cast(optimizer.iterations + 1, dtype)
    beta_1, beta_2 = tf.cast(optimizer.beta_1, dtype), tf.cast(optimizer.beta_2, dtype)
    tf.raw_ops.ResourceApplyAdam(
        var=variable.handle,
        m=optimizer._momentums[index].value.handle,
        v=optimizer._velocities[index].value.handle,
        beta1_power=beta_1**step,
        beta2_power=beta_2**step,
        lr=tf.cast(learning_rate, dtype),
        beta1=beta_1,
        beta2=beta_2,
        epsilon=tf.cast(optimizer.epsilon, dtype),
        grad=tf.cast(tf.convert_to_tensor(gradient), dtype),
    )
    return True


def device():
    """The machine's accelerator in a word, such as "GPU", or its processor cores."""
    try:
        devices = keras.distribution.list_devices()
    except (AttributeError, NotImplementedError):  # Keras has no list for PyTorch
        devices = []
    kinds = {str(device).split(":")[0] for device in devices} - {"cpu"}
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    return " and ".join(sorted(kinds)).upper() or f"{cores or os.cpu_count()} CPU cores"


def hardware():
    """One line about the machine: accelerator or processor cores, and versions."""
    return f"{device()}, Keras {keras.__version__} on {keras.backend.backend()}"


def all_devices():
    """A context: networks built and compiled in it are trained on all accelerators.

    Each batch is divided evenly among the GPUs (or among virtual CPU devices, to try
    it); with one device the context does nothing. TensorFlow takes its
    `MirroredStrategy`, JAX Keras' `DataParallel`; on PyTorch one device is used.
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        gpus = tf.config.list_logical_devices("GPU")
        devices = [d.name for d in gpus or tf.config.list_logical_devices("CPU")]
        if len(devices) > 1:
            return tf.distribute.MirroredStrategy(devices).scope()
    if backend == "jax" and len(keras.distribution.list_devices()) > 1:
        return keras.distribution.DataParallel(auto_shard_dataset=False).scope()
    return contextlib.nullcontext()
