"""Prepared operators between threads, processes and machines; the cost of a call."""

import ctypes
import inspect
import multiprocessing
import os
import pickle
import re
import subprocess
import sys
import threading
import time
import timeit

import numpy as np
import pytest
import reference

import sepconv

rng = np.random.default_rng(5)


def operators():
    dw, pw = reference.integers(rng, 12, 1, 3, 5), reference.integers(rng, 7, 12, 1, 1)
    bias = reference.integers(rng, 12)
    tf = np.ascontiguousarray(dw.reshape(6, 2, 3, 5).transpose(2, 3, 0, 1))
    return [
        (sepconv.DepthwiseConv2d(dw, bias, 2, "same", activation="relu6", multiplier=2), 6),
        (sepconv.DepthwiseConv2d(tf, bias, weight_order="tensorflow", activation=("clamp", -1.0, 5.0)), 6),
        (sepconv.PointwiseConv2d(pw, stride=(2, 1), activation="hardswish"), 12),
        (sepconv.SeparableConv2d(dw, pw, bias, None, (1, 2), (1, 0, 2, 3), 2, activation=("relu", ("leaky_relu", 0.5)),
                                 multiplier=3), 4),
        (sepconv.InvertedResidual(reference.integers(rng, 12, 7, 1, 1), dw, pw, bias, None, reference.integers(rng, 7), padding=(1, 2),
                                  activation=("relu6", ("clamp", -9.0, 9.0), None), residual=True), 7),
        (sepconv.InvertedResidual(None, dw, pw, None, bias, activation=(None, "silu", "relu"), stride=2), 12),
        (sepconv.Conv2d(reference.integers(rng, 5, 3, 3, 3), padding=1, activation="silu", isa="portable"), 3),
    ]


def test_docstrings_name_all_arguments():
    functions = [getattr(sepconv, name) for name in sepconv.__all__ if name.endswith(("conv2d", "Conv2d", "esidual"))]
    assert len(functions) == 10
    for function in functions:
        missing = [name for name in inspect.signature(function).parameters if not re.search(rf"\b{name}\b", function.__doc__)]
        assert not missing, (function, missing)
    for operator, _ in operators():  # Python says nothing about the arguments of __call__
        assert "operator(input, out=None, threads=None)" in type(operator).__doc__


def test_defaults_are_those_that_signatures_show():
    dw, pw = reference.integers(rng, 4, 1, 3, 3), reference.integers(rng, 4, 4, 1, 1)
    x = reference.integers(rng, 1, 4, 8, 9)
    weights = {
        "depthwise_conv2d": [dw], "pointwise_conv2d": [pw], "separable_conv2d": [dw, pw], "inverted_residual": [pw, dw, pw],
        "conv2d": [reference.integers(rng, 4, 4, 3, 3)],
    }
    for name, given in weights.items():
        shown = lambda call: {p.name: p.default for p in inspect.signature(call).parameters.values() if p.default is not p.empty}
        function, cls = getattr(sepconv, name), getattr(sepconv, name.title().replace("_", "").replace("2D", "2d"))
        assert function(x, *given, **shown(function)).tobytes() == function(x, *given).tobytes(), name
        assert pickle.dumps(cls(*given, **shown(cls))) == pickle.dumps(cls(*given)), name


@pytest.mark.parametrize("operator, channels", operators())
def test_pickles_give_the_same_bits(operator, channels):
    x = rng.standard_normal((2, channels, 15, 17), dtype=np.float32)
    copy = pickle.loads(pickle.dumps(operator))
    assert type(copy) is type(operator) and copy.isa == operator.isa and copy.layout == operator.layout
    np.testing.assert_array_equal(copy(x), operator(x))
    np.testing.assert_array_equal(copy(reference.channels_last(x)), operator(reference.channels_last(x)))
    assert pickle.dumps(copy) == pickle.dumps(pickle.loads(pickle.dumps(copy)))


def test_a_pickle_is_packed_for_the_cpu_on_which_it_is_loaded():
    operator, channels = operators()[0]
    code = "import pickle, sys; print(pickle.load(sys.stdin.buffer).isa)"
    for isa in sepconv.available_isas():
        child = subprocess.run([sys.executable, "-c", code], input=pickle.dumps(operator), capture_output=True, check=True,
                               env={**os.environ, "SEPCONV_ISA": isa})
        assert child.stdout.decode().strip() == isa


def test_results_do_not_depend_on_threads():
    operator = sepconv.SeparableConv2d(
        rng.standard_normal((64, 1, 3, 3), dtype=np.float32), rng.standard_normal((96, 64, 1, 1), dtype=np.float32), padding=1)
    x = rng.standard_normal((2, 64, 40, 40), dtype=np.float32)
    for array in (x, reference.channels_last(x)):
        one = operator(array, threads=1)
        for threads in (2, 3, 5, None):
            np.testing.assert_array_equal(operator(array, threads=threads), one)


def longest_pause(call):
    """How long the call takes in a thread of its own, and the longest time for which this thread stood still meanwhile."""
    times = []

    def work():
        begun = time.perf_counter()
        call()
        times.append(time.perf_counter() - begun)

    worker = threading.Thread(target=work)
    pause, last = 0.0, time.perf_counter()
    worker.start()
    while worker.is_alive():
        time.sleep(0.0002)  # lets go of the interpreter, and has to get it back
        now = time.perf_counter()
        pause, last = max(pause, now - last), now
    return times[0], pause


def test_other_threads_run_meanwhile():
    """The interpreter is released: while one thread computes, others go on. A call that keeps it shows that this would be seen."""
    keeps_it = ctypes.PyDLL(None).usleep
    taken, pause = longest_pause(lambda: keeps_it(300_000))
    assert pause > taken / 2, (taken, pause)
    operator = sepconv.Conv2d(np.ones((256, 256, 3, 3), np.float32))
    x = np.ones((8, 256, 64, 64), np.float32)
    out = operator(x, threads=1)
    for attempt in range(5):  # a busy machine can stop this thread for a while, too
        taken, pause = longest_pause(lambda: operator(x, out=out, threads=1))
        if pause < taken / 2:
            return
    assert pause < taken / 2, (taken, pause)


def test_shared_between_threads():
    operator, channels = operators()[3]
    inputs = [rng.standard_normal((1, channels, 20, 20), dtype=np.float32) for _ in range(8)]
    want, got = [operator(x) for x in inputs], [None] * 8

    def work(i):
        for _ in range(50):
            got[i] = operator(inputs[i], threads=2)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    for a, b in zip(got, want):
        np.testing.assert_array_equal(a, b)


def _in_child(operator, x, queue):
    queue.put(operator(x, threads=2))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_forked_child_does_not_hang():
    """The parent's pool has run before the fork, another of its threads runs during it, and the child uses threads too."""
    operator = sepconv.SeparableConv2d(
        rng.standard_normal((64, 1, 3, 3), dtype=np.float32), rng.standard_normal((96, 64, 1, 1), dtype=np.float32))
    x = rng.standard_normal((4, 64, 40, 40), dtype=np.float32)
    want = operator(x, threads=2)
    stop = threading.Event()

    def keep_busy():
        while not stop.is_set():
            operator(x, threads=2)

    busy = threading.Thread(target=keep_busy)
    busy.start()
    try:
        context = multiprocessing.get_context("fork")
        for _ in range(5):
            queue = context.Queue()
            child = context.Process(target=_in_child, args=(operator, x, queue))
            child.start()
            np.testing.assert_array_equal(queue.get(timeout=60), want)
            child.join(timeout=60)
            assert child.exitcode == 0
    finally:
        stop.set()
        busy.join()
    np.testing.assert_array_equal(operator(x, threads=2), want)


def test_dask_workers_give_the_bits_of_one_process():
    distributed = pytest.importorskip("distributed")
    operator = sepconv.SeparableConv2d(
        rng.standard_normal((3, 1, 5, 5), dtype=np.float32), rng.standard_normal((8, 3, 1, 1), dtype=np.float32),
        padding="same", activation=("relu", None), layout="nhwc")
    pictures = [rng.random((1, 90 + 7 * i, 120, 3), dtype=np.float32) for i in range(12)]
    want = [operator(picture) for picture in pictures]

    def job(operator, picture):
        return os.getpid(), operator(picture, threads=1)

    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        with distributed.Client(cluster) as client:
            client.wait_for_workers(2, timeout=60)
            workers = list(client.scheduler_info()["workers"])
            shared = client.scatter(operator, broadcast=True)
            futures = [client.submit(job, shared, picture, workers=[workers[i % 2]]) for i, picture in enumerate(pictures)]
            results = client.gather(futures)
            mapped = client.gather(client.map(operator, pictures, threads=1))
    processes = {process for process, _ in results}
    assert len(processes) == 2 and os.getpid() not in processes
    for (_, got), again, expected in zip(results, mapped, want, strict=True):
        assert got.tobytes() == again.tobytes() == expected.tobytes()


def test_call_overhead(record_property, capsys):
    """Below 5 µs on a 2×2 map, functions with their packing included; the best of many, so that a busy machine does not count."""
    x, w, pw = np.ones((1, 1, 2, 2), np.float32), np.ones((1, 1, 3, 3), np.float32), np.ones((1, 1, 1, 1), np.float32)
    out = np.empty_like(x)
    operator = sepconv.DepthwiseConv2d(w, padding=1)
    calls = {
        "prepared": lambda: operator(x),
        "prepared, out=": lambda: operator(x, out),
        "depthwise_conv2d": lambda: sepconv.depthwise_conv2d(x, w, padding=1),
        "pointwise_conv2d": lambda: sepconv.pointwise_conv2d(x, pw),
        "separable_conv2d": lambda: sepconv.separable_conv2d(x, w, pw, padding=1),
        "conv2d": lambda: sepconv.conv2d(x, w, padding=1),
        "inverted_residual": lambda: sepconv.inverted_residual(x, pw, w, pw, padding=1),
    }
    times = {name: min(timeit.repeat(call, number=2000, repeat=20)) / 2000 * 1e6 for name, call in calls.items()}
    with capsys.disabled():
        print("\ncall overhead on a 2x2 map: " + ", ".join(f"{name} {us:.2f} µs" for name, us in times.items()))
    assert max(times.values()) < 5, times
