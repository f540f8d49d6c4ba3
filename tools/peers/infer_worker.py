"""One engine with one model from export.py, at its best setting for a CPU, run for each line read."""

import argparse
from pathlib import Path

import lockstep
import numpy as np


def onnxruntime(o, images):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.intra_op_num_threads = o.threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(f"{o.path}.onnx", options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"images": images})


def openvino(o, images):
    import openvino

    settings = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": o.threads,
        "INFERENCE_PRECISION_HINT": "f32",
    }
    request = openvino.Core().compile_model(f"{o.path}.onnx", "CPU", settings).create_infer_request()

    def run():
        found = request.infer({0: images}, share_inputs=True, share_outputs=True)
        return [found[i] for i in range(6)]

    return run


def ncnn(o, images):
    import ncnn

    net = ncnn.Net()
    net.opt.num_threads = o.threads
    net.opt.use_winograd_convolution = net.opt.use_sgemm_convolution = net.opt.use_packing_layout = True
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
    net.opt.use_bf16_storage = False
    path = str(o.path).replace(f"-b{o.batch}", "-b1")
    net.load_param(f"{path}.ncnn.param")
    net.load_model(f"{path}.ncnn.bin")

    def one(image):
        extractor = net.create_extractor()
        extractor.input("in0", ncnn.Mat(image))
        return [extractor.extract(f"out{i}")[1] for i in range(6)]

    return lambda: [one(image) for image in images]


def torch_frozen(o, images):
    """TorchScript with weights as constants, oneDNN's operators, channels last."""
    import torch

    torch.set_num_threads(o.threads)
    images = torch.from_numpy(images).contiguous(memory_format=torch.channels_last)
    with torch.no_grad():
        model = torch.export.load(f"{o.path}.pt2").module().to(memory_format=torch.channels_last)
        model = torch.jit.freeze(torch.jit.trace(model, images, check_trace=False).eval())
        if o.setting == "optimized":
            model = torch.jit.optimize_for_inference(model)

    def run():
        with torch.no_grad():
            return model(images)

    return run


def torch_eager(o, images):
    import torch

    torch.set_num_threads(o.threads)
    images = torch.from_numpy(images).contiguous(memory_format=torch.channels_last)
    model = torch.export.load(f"{o.path}.pt2").module().to(memory_format=torch.channels_last)
    if o.setting == "compiled":
        import torch._inductor.config

        torch._inductor.config.freezing = True
        model = torch.compile(model)

    def run():
        with torch.no_grad():
            return model(images)

    return run


ENGINES = {
    "onnxruntime": (onnxruntime, None),
    "openvino": (openvino, None),
    "ncnn": (ncnn, None),
    "torch-eager": (torch_eager, "eager"),
    "torch-compiled": (torch_eager, "compiled"),
    "torch-frozen": (torch_frozen, "frozen"),
    "torch-optimized": (torch_frozen, "optimized"),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("engine", choices=ENGINES)
    parser.add_argument("folder", type=Path, help="what export.py wrote")
    parser.add_argument("--model", default="n")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--imgsz", type=int, default=640)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--outputs", help="file for the maps of the first run, instead of measuring")
    o = parser.parse_args()
    o.path = o.folder / f"yolov10{o.model}-b{o.batch}"
    make, o.setting = ENGINES[o.engine]
    images = np.random.default_rng(0).random((o.batch, 3, o.imgsz, o.imgsz), dtype=np.float32)
    run = make(o, images)
    if o.outputs:
        maps = run()
        if o.engine == "ncnn":
            maps = [np.stack(list(map(np.array, level))) for level in zip(*maps)]
        np.savez(o.outputs, images, *map(np.asarray, maps))
    else:
        lockstep.serve(run)


if __name__ == "__main__":
    main()
