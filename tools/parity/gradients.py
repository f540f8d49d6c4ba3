"""Records tests/golden/golden_train_gradients.json: the gradient of every parameter.

    python gradients.py --reference ~/yolov10 --scales n s m x --out golden_train_gradients.json

Set-up, per scale: nc = 3, golden weights and golden input 2x3x128x160 (reference.py), the boxes
"GT" of golden_train.json, train mode, one forward, loss and backward in double precision.
Per scale the file has

    items      the six loss items (box_om, cls_om, dfl_om, box_oo, cls_oo, dfl_oo), with gains
    loss       the scalar that is differentiated (times the batch of 2)
    total_norm L2 norm of all gradients together
    gradients  name -> [norm, dot, f32]: L2 norm of the gradient; its dot product with the vector
               v_i = U("grad:" + name, i) - 0.5 (U: the generator of reference.py; i: flat index in
               the state dict's order, OIHW for kernels); and how far the reference itself is from
               that in single precision, the norm |g32 - g64|. An engine in single precision is
               right when its distance is of that size; a bias or kernel whose effect the next
               batch norm takes away has a true gradient of zero.
    running    name of a running_mean or running_var -> [norm, dot], after that one forward
The frozen DFL kernel has no gradient and is left out.
"""

import argparse
import json
from pathlib import Path

import torch

import reference


def one_step(scale, boxes, dtype):
    """Loss and gradients of the golden batch: (model, items, loss)."""
    torch.set_default_dtype(torch.float32)  # random initialisation is in single precision
    model = reference.build(scale, nc=3, seed=0)
    reference.fill(model)
    torch.set_default_dtype(dtype)  # the loss makes its tensors in this type
    model = model.to(dtype).train()
    for name, parameter in model.named_parameters():
        parameter.requires_grad = ".dfl." not in name
    rows = torch.tensor(boxes, dtype=dtype)
    batch = {
        "img": reference.golden_input().to(dtype),
        "batch_idx": rows[:, 0],
        "cls": rows[:, 1:2],
        "bboxes": rows[:, 2:],
    }
    loss, items = model(batch)
    loss.backward()
    return model, items, loss


def projection(name, tensor):
    """[L2 norm, dot product with the generator's vector]."""
    flat = tensor.detach().double().flatten()
    vector = torch.from_numpy(reference.uniform("grad:" + name, flat.numel()) - 0.5)
    return [flat.norm().item(), flat.dot(vector).item()]


def record(scale, boxes):
    model, items, loss = one_step(scale, boxes, torch.float64)
    single, _, _ = one_step(scale, boxes, torch.float32)
    gradients = {}
    for (name, exact), rounded in zip(model.named_parameters(), single.parameters()):
        if exact.grad is not None:
            error = (rounded.grad.double() - exact.grad).norm().item()
            gradients[name] = projection(name, exact.grad) + [error]
    running = {name: projection(name, tensor) for name, tensor in model.state_dict().items() if ".running_" in name}
    return {
        "items": items.tolist(),
        "loss": loss.item(),
        "total_norm": sum(norm**2 for norm, *_ in gradients.values()) ** 0.5,
        "gradients": gradients,
        "running": running,
    }


def main():
    golden = Path(__file__).resolve().parents[2] / "tests" / "golden"
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reference", required=True, help="checkout of THU-MIG/yolov10")
    parser.add_argument("--scales", nargs="+", default=["n", "s", "m", "x"])
    parser.add_argument("--out", default=str(golden / "golden_train_gradients.json"))
    parser.add_argument("--scratch", default="parity-scratch", help="folder for settings of the reference")
    args = parser.parse_args()
    out = Path(args.out).resolve()
    reference.load(args.reference, args.scratch)
    boxes = json.loads((golden / "golden_train.json").read_text())["GT"]
    document = {"nc": 3, "scales": {scale: record(scale, boxes) for scale in args.scales}}
    rounded = json.loads(json.dumps(document), parse_float=lambda text: float(f"{float(text):.13g}"))
    text = json.dumps(rounded, separators=(",", ":")).replace('],"', '],\n"').replace("}", "}\n")
    out.write_text(text)


if __name__ == "__main__":
    main()
