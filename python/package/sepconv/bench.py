"""``python -m sepconv.bench``: the separable blocks of MobileNetV1-224, sepconv beside torch (if it is installed), one table."""

from __future__ import annotations

import argparse
import platform
import sys
import time

import numpy as np

import sepconv

# (input height = width, input channels, output channels, stride) of the 13 blocks.
BLOCKS = (
    [(112, 32, 64, 1), (112, 64, 128, 2), (56, 128, 128, 1), (56, 128, 256, 2), (28, 256, 256, 1), (28, 256, 512, 2)]
    + [(14, 512, 512, 1)] * 5
    + [(14, 512, 1024, 2), (7, 1024, 1024, 1)]
)


def measure(call, seconds: float) -> float:
    """Shortest time of a call in seconds, out of as many as fit the budget; many calls per reading of the clock if they are short."""
    call()
    begun = time.perf_counter()
    call()
    repeats = max(1, int(1e-3 / max(time.perf_counter() - begun, 1e-9)))
    best, end = float("inf"), time.perf_counter() + seconds
    while True:
        begun = time.perf_counter()
        for _ in range(repeats):
            call()
        now = time.perf_counter()
        best = min(best, (now - begun) / repeats)
        if now > end:
            return best


def torch_block(torch, x, dw, pw, stride):
    """The block as torch runs it best without a compiler: functional calls, activations in place, no gradients."""
    from torch.nn import functional

    def call():
        middle = functional.conv2d(x, dw, stride=stride, padding=1, groups=dw.shape[0])
        return functional.conv2d(torch.nn.functional.relu6(middle, inplace=True), pw).clamp_(0, 6)

    return call


def row(torch, index, block, threads, seconds, rng):
    size, channels, outputs, stride = block
    x = rng.standard_normal((1, channels, size, size), dtype=np.float32)
    dw = rng.standard_normal((channels, 1, 3, 3), dtype=np.float32)
    pw = rng.standard_normal((outputs, channels, 1, 1), dtype=np.float32) / np.float32(channels)
    nhwc = np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    operator = sepconv.SeparableConv2d(dw, pw, stride=stride, padding=1, activation=("relu6", "relu6"))
    times, results = [], []
    for array in (nhwc, x):
        out = operator(array, threads=threads)
        times.append(measure(lambda: operator(array, out=out, threads=threads), seconds))
        results.append(out)
    if torch is not None:
        with torch.inference_mode():
            weights = [torch.from_numpy(dw), torch.from_numpy(pw)]
            for array, order in ((nhwc, torch.channels_last), (x, torch.contiguous_format)):
                tensors = [torch.from_numpy(array), *(w.to(memory_format=order) for w in weights)]
                call = torch_block(torch, *tensors, stride)
                results.append(call().numpy())
                times.append(measure(call, seconds))
    worst = max(float(np.abs(result - results[0]).max()) for result in results)
    if worst > 1e-3:
        sys.exit(f"block{index}: results differ by {worst}")
    return f"{size}×{size}×{channels} 3×3{'/2' if stride == 2 else ''} → {outputs}", times


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m sepconv.bench", description=__doc__)
    parser.add_argument("--threads", type=int, default=1, help="threads of both (default 1)")
    parser.add_argument("--min-time", type=float, default=0.2, help="seconds for each measurement (default 0.2)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the data (default 0)")
    options = parser.parse_args()
    try:
        import torch

        torch.set_num_threads(options.threads)
    except ImportError:
        torch = None
    print(f"sepconv {sepconv.__version__} ({sepconv.preferred_isa()}), "
          f"{'torch ' + torch.__version__ if torch else 'no torch here'}, Python {platform.python_version()}, "
          f"threads {options.threads}, seed {options.seed}; shortest time in µs")
    print()
    heads = ["layer", "shape", "sepconv NHWC", "sepconv NCHW"]
    if torch:
        heads += ["torch channels_last", "torch NCHW", "best / best"]
    print("| " + " | ".join(heads) + " |")
    print("|" + "---|" * len(heads))
    rng = np.random.default_rng(options.seed)
    sums = None
    for index, block in enumerate(BLOCKS, 1):
        shape, times = row(torch, index, block, options.threads, options.min_time, rng)
        sums = times if sums is None else [a + b for a, b in zip(sums, times)]
        print(line(f"block{index}", shape, times), flush=True)
    print(line("all 13", "", sums))


def line(name: str, shape: str, times: list[float]) -> str:
    cells = [name, shape, *(f"{1e6 * seconds:.0f}" for seconds in times)]
    if len(times) == 4:
        cells.append(f"{min(times[2:]) / min(times[:2]):.2f}×")
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
