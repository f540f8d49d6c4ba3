"""Writes one YOLOv10 in the form of every engine that infer.py compares.

    export.py --reference CHECKOUT --out FOLDER [--model n] [--weights FOLDED.safetensors --nc 80]

For each batch size, FOLDER receives yolov10n-b1.onnx (ONNX Runtime, OpenVINO), .pt2 (PyTorch) and
.ncnn.param with .ncnn.bin; and once yolov10n.safetensors, the same weights for `yt`. All give the raw
maps of the one-to-one head, batch norm folded away. Weights are random, with batch norms that suit
them, so that no activation vanishes; or those of a file (tools/parity/start.py).
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).parent.parent / "parity"))
import reference
import start


class RawHead(nn.Module):
    """In the place of the reference's head: its one-to-one branches, nothing behind them."""

    def __init__(self, head):
        super().__init__()
        self.f, self.i, self.type = head.f, head.i, "RawHead"
        self.box, self.cls = head.one2one_cv2, head.one2one_cv3

    def forward(self, maps):
        return [branch[i](x) for i, x in enumerate(maps) for branch in (self.box, self.cls)]


def make(o):
    """The reference's model; its state dict is written for `yt`."""
    path = o.out / f"yolov10{o.model}.safetensors"
    model = reference.build(o.model, o.nc, seed=0)
    images = torch.rand(2, 3, o.imgsz, o.imgsz, generator=torch.Generator().manual_seed(0))
    if not o.weights:
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = 1.0
        model.train().predict(images)
    start.write(model, path, o.weights, images)
    return model.eval()


def write_ncnn(raw, images, path):
    """pnnx reads TorchScript. ncnn has no batches: images go through one by one."""
    with tempfile.TemporaryDirectory() as folder:  # for what else pnnx writes
        script = Path(folder, "model.torchscript")
        torch.jit.trace(raw, images[:1]).save(str(script))
        subprocess.run(
            ["pnnx", script, f"inputshape=[1,3,{images.shape[2]},{images.shape[3]}]", "fp16=0",
             f"ncnnparam={path}.ncnn.param", f"ncnnbin={path}.ncnn.bin"],
            cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )


@torch.no_grad()
def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--reference", required=True, help="checkout of THU-MIG/yolov10")
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--model", default="n")
    parser.add_argument("--nc", type=int, default=136)
    parser.add_argument("--imgsz", type=int, default=640)
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--weights", help="folded file to start from")
    o = parser.parse_args()
    o.out = o.out.resolve()
    o.out.mkdir(parents=True, exist_ok=True)
    reference.load(o.reference, o.out)
    raw = make(o).requires_grad_(False).fuse(verbose=False)
    raw.model[-1] = RawHead(raw.model[-1])
    for batch in o.batches:
        images = torch.rand(batch, 3, o.imgsz, o.imgsz)
        path = o.out / f"yolov10{o.model}-b{batch}"
        raw(images)
        torch.onnx.export(raw, (images,), f"{path}.onnx", dynamo=False, opset_version=17,
                          input_names=["images"], do_constant_folding=True)
        torch.export.save(torch.export.export(raw, (images,)), f"{path}.pt2")
        if batch == 1:
            write_ncnn(raw, images, path)


main()
