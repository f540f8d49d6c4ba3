"""`yt bench infer` beside other engines, on the same weights (export.py), raw maps out.

    infer.py --yt build/release/yt --models FOLDER --model n --batch 1 --threads 2
"""

import argparse
from pathlib import Path

import side_by_side
from side_by_side import Worker


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    side_by_side.add_options(parser)
    parser.add_argument("--models", required=True, type=Path, help="what export.py wrote")
    parser.add_argument("--model", default="n")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--imgsz", type=int, default=640)
    parser.add_argument("--engines", nargs="+",
                        default=["onnxruntime", "openvino", "ncnn", "torch-compiled"])
    o = parser.parse_args()
    script = Path(__file__).with_name("infer_worker.py")
    weights = o.models / f"yolov10{o.model}.safetensors"
    workers = [Worker("yt", [o.yt, "bench", "infer", "lockstep=true", f"weights={weights}",
                             f"batch={o.batch}", f"imgsz={o.imgsz}", f"threads={o.threads}"])]
    for engine in o.engines:
        workers.append(Worker(engine, [o.python, script, engine, o.models, "--model", o.model,
                                       "--batch", o.batch, "--imgsz", o.imgsz,
                                       "--threads", o.threads], side_by_side.TORCH_ENVIRONMENT))
    print(f"yolov10{o.model}, batch {o.batch}, {o.imgsz} px, {o.threads} threads")
    side_by_side.measure(o, workers, sample_s=0.5)


main()
