"""The reference's own trainer and validator, made to start from a given file, to keep the files'
order, and to write what they did. Import after reference.load()."""

import json
from types import SimpleNamespace

import torch
from safetensors.torch import load_file, save_file
from ultralytics.data import build_dataloader
from ultralytics.models.yolov10.train import YOLOv10DetectionTrainer

from parity import ITEMS


class Trainer(YOLOv10DetectionTrainer):
    """Starts from the tensors of the file `weights` and does not shuffle. Its run is out/name."""

    jitter = 0.0

    def __init__(self, settings, out, name, weights):
        fixed = {"task": "detect", "model": "yolov10n.yaml", "device": "cpu", "amp": False, "plots": False}
        place = {"project": str(out), "name": name, "exist_ok": True}
        super().__init__(overrides={**settings, **fixed, **place})
        self.weights = weights

    def get_model(self, cfg=None, weights=None, verbose=True):
        model = super().get_model(cfg, weights, verbose)
        missing, unexpected = model.load_state_dict(load_file(self.weights), strict=False)
        missing = [name for name in missing if not name.endswith("num_batches_tracked")]
        assert not missing and not unexpected, (missing, unexpected)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.mul_(1 + self.jitter * torch.randn_like(parameter))
        return model

    def get_dataloader(self, dataset_path, batch_size=16, rank=0, mode="train"):
        dataset = self.build_dataset(dataset_path, mode, batch_size)
        return build_dataloader(dataset, batch_size, workers=0, shuffle=False)

    def final_eval(self):
        """Nothing: the end is compared as it is, not rounded to half precision and fused."""


def run(settings, out, name, threads, jitter):
    """Trains; writes a line per batch and per epoch as it goes, and the weights at the end."""
    torch.set_num_threads(threads)
    trainer = Trainer(settings, out, name, out / "start.safetensors")
    trainer.jitter = jitter
    folder = trainer.save_dir
    trainer.csv.unlink(missing_ok=True)  # the reference appends to it
    with open(folder / "log.jsonl", "w", 1) as batches, open(folder / "epochs.jsonl", "w", 1) as epochs:
        seen = []

        def log_batch(trainer):
            items = dict(zip(ITEMS, trainer.loss_items.tolist()))
            lr = float(trainer.optimizer.param_groups[1]["lr"])
            batches.write(json.dumps({"step": len(seen), **items, "lr": lr, "updates": trainer.ema.updates}) + "\n")
            seen.append(lr)

        def log_epoch(trainer):
            epochs.write(json.dumps({"epoch": trainer.epoch + 1, **trainer.metrics}) + "\n")

        trainer.add_callback("on_train_batch_end", log_batch)
        trainer.add_callback("on_fit_epoch_end", log_epoch)
        trainer.train()
    save_file(trainer.ema.ema.state_dict(), folder / "end.safetensors")


def validate(settings, out, weights):
    """mAP50 and mAP50-95 of a safetensors file, as the trainer finds them after an epoch."""
    trainer = Trainer(settings, out, "validation", weights)
    trainer._setup_train(world_size=0)
    trainer.epoch, trainer.loss_items = 0, torch.zeros(len(ITEMS))
    trainer.stopper = SimpleNamespace(possible_stop=False)
    found = trainer.validator(trainer)
    return {name: found[f"metrics/{name}(B)"] for name in ("mAP50", "mAP50-95")}
