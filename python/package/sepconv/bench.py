"""``python -m sepconv.bench``: the separable blocks of MobileNetV1-224, sepconv beside torch (if it is installed), one table."""

from __future__ import annotations

import argparse
import os
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


def measure(calls, seconds: float) -> list[float]:
    """Shortest time of each call in seconds. They take turns, so that all of them meet whatever else the machine does."""
    counts = []
    for call in calls:
        call()
        begun = time.perf_counter()
        call()
        # Many for each reading of the clock, if they are short.
        counts.append(max(1, int(1e-3 / max(time.perf_counter() - begun, 1e-9))))
    best, end = [float("inf")] * len(calls), time.perf_counter() + seconds * len(calls)
    while True:
        for i, (call, count) in enumerate(zip(calls, counts)):
            call()  # what the others pushed out of the caches comes back
            begun = time.perf_counter()
            for _ in range(count):
                call()
            best[i] = min(best[i], (time.perf_counter() - begun) / count)
        if time.perf_counter() > end:
            return best


def sepconv_calls(arrays, dw, pw, stride, threads):
    """One prepared operator, on each of the arrays."""
    operator = sepconv.SeparableConv2d(dw, pw, stride=stride, padding=1, activation=("relu6", "relu6"))
    return [lambda array=array: operator(array, threads=threads) for array in arrays]


def torch_calls(torch, arrays, dw, pw, stride, compiled):
    """The block as eager torch runs it best, activations in place, in the memory order of each array; then compiled, in that
    of the first."""

    class Block(torch.nn.Module):
        def __init__(self, order):
            super().__init__()
            parameters = (torch.nn.Parameter(torch.from_numpy(w).to(memory_format=order)) for w in (dw, pw))
            self.dw, self.pw = parameters

        def forward(self, x):
            x = torch.nn.functional.conv2d(x, self.dw, stride=stride, padding=1, groups=self.dw.shape[0])
            x = torch.nn.functional.conv2d(torch.nn.functional.relu6(x, inplace=True), self.pw)
            return torch.nn.functional.relu6(x, inplace=True)

    orders = (torch.channels_last, torch.contiguous_format)
    pairs = [(Block(order).eval(), torch.from_numpy(array)) for order, array in zip(orders, arrays)]
    if compiled:
        torch._dynamo.reset()  # a compiler that has seen many sizes would make a kernel for all of them
        pairs.append((torch.compile(pairs[0][0]), pairs[0][1]))
    return [lambda block=block, x=x: block(x) for block, x in pairs]


def row(torch, index, block, options, rng):
    """The shape in words, the times, and how far the results are apart."""
    size, channels, outputs, stride = block
    x = rng.standard_normal((1, channels, size, size), dtype=np.float32)
    dw = rng.standard_normal((channels, 1, 3, 3), dtype=np.float32)
    pw = rng.standard_normal((outputs, channels, 1, 1), dtype=np.float32) / np.float32(channels**0.5)
    arrays = [np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2), x]
    calls = sepconv_calls(arrays, dw, pw, stride, options.threads)
    if torch is not None:
        calls += torch_calls(torch, arrays, dw, pw, stride, options.compile)
    results = [np.asarray(call()) for call in calls]
    apart = max(float(np.abs(result - results[0]).max()) for result in results)
    if not apart < 1e-4:
        sys.exit(f"block{index}: results are {apart} apart")
    return f"{size}×{size}×{channels} 3×3{'/2' if stride == 2 else ''} → {outputs}", measure(calls, options.min_time), apart


def cpu() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m sepconv.bench", description=__doc__)
    parser.add_argument("--threads", type=int, default=1, help="threads of both (default 1)")
    parser.add_argument("--min-time", type=float, default=0.2, help="seconds for each measurement (default 0.2)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the data (default 0)")
    parser.add_argument("--compile", action="store_true", help="torch.compile too, weights frozen (needs a C++ compiler)")
    options = parser.parse_args()
    try:
        import torch

        torch.set_num_threads(options.threads)
        torch.set_grad_enabled(False)
        if options.compile:
            import torch._inductor.config

            torch._inductor.config.freezing = True
    except ImportError:
        torch = None
    print(f"sepconv {sepconv.__version__} ({sepconv.preferred_isa()}) beside {f'torch {torch.__version__}' if torch else 'no torch'}, "
          f"Python {platform.python_version()}")
    print(f"{cpu()}, {os.cpu_count()} CPUs; threads: {options.threads}, seed: {options.seed}")
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    if load > (os.cpu_count() or 1) - options.threads + 0.5:
        print(f"The machine is busy (load {load:.1f}): times are too long, and where threads wait for each other, many times too long.")
    print("Depthwise 3×3, relu6, 1×1, relu6 on one float32 picture; µs, the shortest of many calls, each with a new result.")
    print("sepconv: one prepared, fused operator.", end="")
    if torch:
        print(" torch: two conv2d, relu6 in place, not fused.", end="")
        if options.compile:
            print(" compiled: torch.compile, channels_last, weights frozen.", end="")
    print("\n")
    heads = ["layer  ", "shape" + " " * 21, "sepconv NHWC", "sepconv NCHW"]
    if torch:
        heads += ["torch channels_last", "torch NCHW"] + ["torch compiled"] * options.compile + ["best torch / best sepconv"]
    print("| " + " | ".join(heads) + " |")
    print("|" + "|".join(("-" if i < 2 else ":").rjust(len(head) + 2, "-") for i, head in enumerate(heads)) + "|")
    rng = np.random.default_rng(options.seed)
    rows = []
    for index, block in enumerate(BLOCKS, 1):
        shape, times, apart = row(torch, index, block, options, rng)
        rows.append((times, apart))
        print(line(heads, f"block{index}", shape, times), flush=True)
    print(line(heads, "all 13", "", [sum(times) for times in zip(*(times for times, _ in rows))]))
    print(f"\nAll results of a block agree: they are at most {max(apart for _, apart in rows):.1e} apart.")


def line(heads: list[str], name: str, shape: str, times: list[float]) -> str:
    cells = [name.ljust(len(heads[0])), shape.ljust(len(heads[1])), *(f"{1e6 * seconds:.0f}" for seconds in times)]
    if len(times) > 2:
        cells.append(f"{min(times[2:]) / min(times[:2]):.2f}")
    return "| " + " | ".join(cell.rjust(len(head)) for cell, head in zip(cells, heads)) + " |"


if __name__ == "__main__":
    main()
