"""Starting weights of a parity run, as a safetensors file with the state dict's names.

Either the reference's random initialisation, or that with a folded file (convolutions with a bias,
no batch norm, one-to-one head only) laid into it. A folded convolution Wx + b becomes W followed
by a batch norm that gives Wx + b back in both modes: with the mean m and variance v that W x has on
some tiles, gamma = sqrt(v + eps) and beta = m + b. Tensors of another shape (the last layers of
another class count) keep their random values.
"""

import torch
from safetensors.torch import load_file, save_file


def write(model, path, folded=None, images=None):
    """`folded`: file to start from; `images`: float tensor [n, 3, h, w] in 0..1 to measure on.

    Returns how many tensors the file gave (of a convolution with batch norm, five).
    """
    taken = _unfold(model, load_file(folded), images) if folded else 0
    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, path)
    return taken


def write_jittered(path, start, jitter):
    """`start` with every weight changed by about this share of itself, as a rounding might."""
    torch.manual_seed(0)
    tensors = load_file(start)
    save_file({name: t * (1 + jitter * torch.randn_like(t)) if t.is_floating_point() else t for name, t in tensors.items()}, path)


@torch.no_grad()
def _unfold(model, tensors, images):
    """Lays the folded tensors into `model`; returns how many of its tensors they set."""
    for name in list(tensors):  # both heads start alike
        tensors.setdefault(name.replace("one2one_", ""), tensors[name])
    hooks, taken = [], 0
    for name, module in model.named_modules():
        if hasattr(module, "bn"):
            # A RepVGGDW is one 7x7 kernel when folded, named like its 7x7 part: the 3x3 gives nothing.
            folded = f"{name}.conv" if f"{name}.conv.weight" in tensors else name
            if _take(module.conv, "weight", tensors, folded):
                hooks.append(module.bn.register_forward_pre_hook(_give_back(tensors[f"{folded}.bias"])))
                taken += 5
            elif name.endswith(".cv1.2.conv1"):
                module.bn.weight.zero_()
        elif getattr(module, "bias", None) is not None and f"{name}.bias" in tensors:
            taken += _take(module, "weight", tensors, name) + _take(module, "bias", tensors, name)
    model.eval()(images)
    for hook in hooks:
        hook.remove()
    return taken


def _take(module, part, tensors, name):
    """Copies tensors[name.part] if it is there and of the same shape; tells whether it did."""
    source, target = tensors.get(f"{name}.{part}"), getattr(module, part)
    if source is None or source.shape != target.shape:
        return False
    target.copy_(source)
    return True


def _give_back(bias):
    """A hook before a batch norm: from its input, sets it so that it only adds `bias`."""

    def hook(norm, inputs):
        variance, mean = torch.var_mean(inputs[0], dim=(0, 2, 3), correction=0)
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        norm.weight.copy_((variance + norm.eps).sqrt())
        norm.bias.copy_(mean + bias)

    return hook
