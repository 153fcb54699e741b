// A block of MobileNetV1 in C++: depthwise 3x3 and pointwise, each with bias and ReLU6, on the threads of this program.
//
//     c++ -std=c++17 mobilenet_block.cpp $(pkg-config --cflags --libs sepconv) -lpthread && ./a.out
#include <sepconv.hpp>

#include <cstdio>
#include <thread>
#include <vector>

namespace {

std::vector<float> integers(std::size_t len, unsigned seed) {
    std::vector<float> data(len);
    for (float &value : data) {
        seed = seed * 1664525u + 1013904223u;
        value = static_cast<float>(static_cast<int>(seed >> 24) % 5 - 2);
    }
    return data;
}

int run() {
    const std::size_t channels = 32, outputs = 64;
    const auto dw = integers(channels * 9, 1), dw_bias = integers(channels, 2);
    const auto pw = integers(channels * outputs, 3), pw_bias = integers(outputs, 4);

    auto depthwise = sepconv::depthwise_params(channels, {3, 3});
    depthwise.padding = SEPCONV_PADDING_SAME;
    depthwise.layout = SEPCONV_LAYOUT_NCHW;
    depthwise.activation.kind = SEPCONV_ACTIVATION_RELU6;
    depthwise.weights = sepconv::weights(dw);
    depthwise.bias = sepconv::bias(dw_bias);
    auto pointwise = sepconv::pointwise_params(channels, outputs);
    pointwise.layout = SEPCONV_LAYOUT_NCHW;
    pointwise.activation.kind = SEPCONV_ACTIVATION_RELU6;
    pointwise.weights = sepconv::weights(pw);
    pointwise.bias = sepconv::bias(pw_bias);

    const sepconv::Dims shape{2, channels, 28, 28};
    const auto map = integers(sepconv::elements(shape), 5);

    // Fused, on two threads.
    const sepconv::Operator block(depthwise, pointwise);
    const auto out_shape = block.output_shape(shape);
    std::vector<float> fused(sepconv::elements(out_shape));
    sepconv::Threads pool(2, [](std::size_t tasks, auto task) {
        std::vector<std::thread> threads;
        for (std::size_t i = 1; i < tasks; i++) {
            threads.emplace_back(task, i);
        }
        task(0);
        for (auto &thread : threads) {
            thread.join();
        }
    });
    sepconv::Workspace workspace(block.workspace_size(shape, pool.threads()));
    block.run(sepconv::input(map.data(), map.size(), shape, sepconv::contiguous_strides(block.layout(), shape)),
              sepconv::output(fused.data(), fused.size(), out_shape,
                              sepconv::contiguous_strides(block.layout(), out_shape)),
              workspace, pool);

    // One after the other: the numbers are integers, so the results are the same to the last bit.
    const sepconv::Operator first(depthwise), second(pointwise);
    const auto apart = second.run(first.run(map, shape), first.output_shape(shape));
    const bool same = fused == apart;
    std::printf("sepconv %s on %s: %s\n", sepconv_version(), block.isa().c_str(), block.kernel().c_str());
    std::printf("fused on %zu threads %s its two stages on one\n", pool.threads(), same ? "equals" : "DIFFERS FROM");

    // What is wrong comes as an exception that says it.
    try {
        depthwise.weights.len -= 1;
        const sepconv::Operator refused(depthwise);
        return 1;
    } catch (const sepconv::Error &error) {
        std::printf("refused: %s: %s\n", sepconv_status_name(error.status()), error.what());
    }

    // An exception of the pool's comes out of run, not through the library.
    sepconv::Threads broken(2, [](std::size_t, auto) { throw std::runtime_error("no threads today"); });
    try {
        block.run(sepconv::input(map.data(), map.size(), shape, sepconv::contiguous_strides(block.layout(), shape)),
                  sepconv::output(fused.data(), fused.size(), out_shape,
                                  sepconv::contiguous_strides(block.layout(), out_shape)),
                  workspace, broken);
        return 1;
    } catch (const std::runtime_error &error) {
        std::printf("pool: %s\n", error.what());
    }
    return same ? 0 : 1;
}

} // namespace

int main() {
    try {
        return run();
    } catch (const std::exception &error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
