"""Training steps of the YOLOv10 reference in PyTorch, run for each line read (lockstep.py). A step is
what `yt bench train` measures: forward, both losses, backward, clipping, AdamW, EMA, on a fixed batch
of noise with labels of the sizes that music has."""

import argparse
import sys
from pathlib import Path

import numpy as np
import torch

import lockstep

sys.path.insert(0, str(Path(__file__).parent.parent / "parity"))
import reference


def noise(batch, imgsz, nc, boxes):
    generator = np.random.default_rng(0)
    size = generator.uniform(4, 60, (batch * boxes, 2)) / imgsz
    centre = generator.uniform(size / 2, 1 - size / 2)
    return {
        "img": torch.from_numpy(generator.integers(0, 256, (batch, 3, imgsz, imgsz), dtype=np.uint8)),
        "batch_idx": torch.arange(batch).repeat_interleave(boxes).float(),
        "cls": torch.from_numpy(generator.integers(0, nc, (batch * boxes, 1))).float(),
        "bboxes": torch.from_numpy(np.concatenate([centre, size], 1)).float(),
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--reference", required=True, help="checkout of THU-MIG/yolov10")
    parser.add_argument("--scratch", required=True, help="folder for the reference's own settings")
    parser.add_argument("--model", default="n")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--imgsz", type=int, default=640)
    parser.add_argument("--nc", type=int, default=136)
    parser.add_argument("--boxes", type=int, default=100)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--layout", choices=("nchw", "channels_last"), default="channels_last")
    o = parser.parse_args()
    torch.set_num_threads(o.threads)
    reference.load(o.reference, o.scratch)
    from ultralytics.utils.torch_utils import ModelEMA

    model = reference.build(o.model, o.nc, seed=0).train()
    model.requires_grad_(True)
    layout = torch.channels_last if o.layout == "channels_last" else torch.contiguous_format
    model = model.to(memory_format=layout)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5)
    ema = ModelEMA(model)
    batch = noise(o.batch, o.imgsz, o.nc, o.boxes)

    def step():
        images = batch["img"].float().div_(255).contiguous(memory_format=layout)
        loss, _ = model({**batch, "img": images})
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=10.0)
        optimizer.step()
        optimizer.zero_grad()
        ema.update(model)

    lockstep.serve(step)


main()
