"""Imports the YOLOv10 reference (THU-MIG/yolov10, AGPL-3.0) from a checkout that the user has.

Nothing of it is copied here. Its packages that have no CPU build or that these tools do not need
(torchvision, huggingface_hub) are replaced by empty stand-ins, and its habit of looking for
updates, fonts and settings of the user is switched off, before it is imported:

    import reference
    reference.load("~/yolov10", scratch="out")
    model = reference.build("n", nc=136, seed=0)
"""

import os
import sys
import types
from pathlib import Path

import numpy as np
import torch


def load(checkout, scratch):
    """Makes `import ultralytics` mean `checkout`; its settings file goes to `scratch`."""
    checkout = Path(checkout).expanduser().resolve()
    if not (checkout / "ultralytics" / "nn" / "tasks.py").is_file():
        sys.exit(f"{checkout}: no checkout of THU-MIG/yolov10; set --reference")
    scratch = Path(scratch).resolve() / "ultralytics-settings"
    scratch.mkdir(parents=True, exist_ok=True)
    os.environ.update(YOLO_CONFIG_DIR=str(scratch), YOLO_AUTOINSTALL="false", YOLO_VERBOSE="false")
    _stand_in("torchvision", "transforms", "datasets", "ops", "models")
    _stand_in("huggingface_hub")
    sys.path.insert(0, str(checkout))

    # Checkpoints of the reference are pickles of whole modules.
    plain_load = torch.load
    torch.load = lambda *args, **kwargs: plain_load(*args, **{"weights_only": False, **kwargs})

    if not hasattr(np, "trapz"):  # numpy 2.4 has it under its new name only
        np.trapz = np.trapezoid

    import ultralytics.data.utils

    ultralytics.data.utils.check_font = lambda *args, **kwargs: None


def build(scale, nc, seed):
    """A randomly initialised model of the reference, exactly as its trainer would make it."""
    from ultralytics.cfg import get_cfg
    from ultralytics.models.yolov10.model import YOLOv10DetectionModel

    torch.manual_seed(seed)
    model = YOLOv10DetectionModel(f"yolov10{scale}.yaml", nc=nc, verbose=False)
    model.args = get_cfg()  # the loss reads its gains there
    return model


def _stand_in(name, *parts):
    """Puts an empty package in the place of one that is not installed."""

    class Package(types.ModuleType):
        def __getattr__(self, attribute):
            if attribute.startswith("__"):
                raise AttributeError(attribute)
            return _Anything

    package = Package(name)
    package.__version__ = "0.0.0"
    package.__path__ = []
    sys.modules[name] = package
    for part in parts:
        module = Package(f"{name}.{part}")
        sys.modules[module.__name__] = module
        setattr(package, part, module)


class _Member(type):
    def __getattr__(cls, attribute):
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        return cls


class _Anything(metaclass=_Member):
    """Whatever a stand-in package has: may be named and inherited from, may not be used."""

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__()

    def __init__(self, *args, **kwargs):
        raise RuntimeError("this part of the reference needs a package that is not installed")


# --- golden inputs: any engine can make them without Python ------------------------------------


def uniform(key, count):
    """`count` numbers u in [0, 1): splitmix64 with the FNV-1a hash of `key` as its seed, 24 bits.

    The same generator as src/base/rng.h builds on; tests/golden was recorded with it.
    """
    seed = 0xCBF29CE484222325
    for byte in key.encode():
        seed = (seed ^ byte) * 0x100000001B3 % 2**64
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return (z >> np.uint64(40)).astype(np.float64) / 2**24


def fill(model):
    """Sets every tensor of `model` to its golden value, a function of its name alone."""
    for key, tensor in model.state_dict().items():
        value = _golden_value(key, tensor)
        if value is not None:
            value = torch.from_numpy(value.astype(np.float32).reshape(tensor.shape))
            tensor.copy_(value.to(tensor.dtype))


def _golden_value(key, tensor):
    u = uniform(key, tensor.numel())
    p = 2 * u - 1
    kind = key.rsplit(".", 1)[-1]
    if kind == "num_batches_tracked" or ".dfl." in key:
        return None
    if kind == "running_mean":
        return 0.2 * p
    if kind == "running_var":
        return 0.5 + u
    if ".bn." in key:
        return 0.8 + 0.4 * u if kind == "weight" else 0.2 * p
    if kind == "bias":  # only the last convolutions of the head have one
        return 1 + 0.5 * p if "cv2." in key else -4 + p
    fan_in = tensor.numel() // tensor.shape[0]
    return p * np.sqrt(3 / fan_in)


def golden_input(shape=(2, 3, 128, 160)):
    key = "input:" + "x".join(map(str, shape))
    return torch.from_numpy(uniform(key, int(np.prod(shape))).astype(np.float32).reshape(shape))
