// Checks of sepconv.hpp that the examples do not make: the operations that they leave out, ownership, exceptions.
//
// With an argument it hands sepconv_run a callback that throws, past the wrapper: that has to end the process with a message, not
// to be undefined. .ci/capi.sh runs it both ways.
#include <sepconv.hpp>

#include <cstdio>
#include <stdexcept>
#include <utility>
#include <vector>

namespace {

void require(bool holds, const char *what) {
    if (!holds) {
        throw std::logic_error(what);
    }
}

std::vector<float> integers(std::size_t len, unsigned seed) {
    std::vector<float> data(len);
    for (float &value : data) {
        seed = seed * 1664525u + 1013904223u;
        value = static_cast<float>(static_cast<int>(seed >> 24) % 5 - 2);
    }
    return data;
}

const std::size_t channels = 8, middle = 24;
const auto expand_weights = integers(channels * middle, 1), depthwise_weights = integers(middle * 9, 2);
const auto project_weights = integers(middle * channels, 3);

sepconv_pointwise_params pointwise(std::size_t in, std::size_t out, const std::vector<float> &weights) {
    auto params = sepconv::pointwise_params(in, out);
    params.weights = sepconv::weights(weights);
    return params;
}

sepconv_depthwise_params depthwise() {
    auto params = sepconv::depthwise_params(middle, {3, 3});
    params.padding = SEPCONV_PADDING_SAME;
    params.weights = sepconv::weights(depthwise_weights);
    return params;
}

// Integers: the fused block has to give the same bits as its parts, one after the other.
void inverted_residual() {
    const auto expand = pointwise(channels, middle, expand_weights), project = pointwise(middle, channels, project_weights);
    const sepconv::Dims shape{1, channels, 10, 9};
    const auto map = integers(sepconv::elements(shape), 4);
    auto expected = sepconv::Operator(expand).run(map, shape);
    expected = sepconv::Operator(depthwise(), project).run(expected, {1, middle, 10, 9});
    const sepconv::Operator block(&expand, depthwise(), project, false);
    require(block.run(map, shape) == expected, "the block differs from its parts");
    for (std::size_t i = 0; i < map.size(); i++) {
        expected[i] += map[i];
    }
    const sepconv::Operator residual(&expand, depthwise(), project, true);
    require(residual.run(map, shape) == expected, "the input was not added");
    const sepconv::Operator unexpanded(nullptr, depthwise(), project, false);
    require(unexpanded.output_shape({1, middle, 10, 9}) == shape, "the shape without an expanding part");
}

void dense_is_pointwise_with_one_tap() {
    const sepconv::Dims shape{2, channels, 5, 7};
    const auto map = integers(sepconv::elements(shape), 5);
    auto params = sepconv::conv2d_params(channels, middle, {1, 1});
    params.weights = sepconv::weights(expand_weights);
    const sepconv::Operator dense(params), one_tap(pointwise(channels, middle, expand_weights));
    require(dense.run(map, shape) == one_tap.run(map, shape), "dense 1x1 differs from pointwise");
}

void operators_move_and_isas_are_forced() {
    for (const auto &isa : sepconv::available_isas()) {
        sepconv::Operator first(depthwise(), isa.c_str());
        sepconv::Operator second(std::move(first));
        require(second.isa() == isa && first.get() == nullptr, "an operator did not move");
        first = std::move(second);
        require(first.isa() == isa && first.layout() == SEPCONV_LAYOUT_NHWC, "an operator did not move back");
    }
    try {
        sepconv::Operator(depthwise(), "sse9");
        require(false, "an unknown instruction set was accepted");
    } catch (const sepconv::Error &error) {
        require(error.status() == SEPCONV_STATUS_UNKNOWN_ISA, error.what());
    }
    const auto strided = [] {
        auto params = pointwise(channels, middle, expand_weights);
        params.stride[1] = 2;
        return params;
    }();
    try {
        sepconv::Operator(&strided, depthwise(), pointwise(middle, channels, project_weights), false);
        require(false, "a stride of the expanding part was accepted");
    } catch (const sepconv::Error &error) {
        require(error.status() == SEPCONV_STATUS_INVALID_PARAMETER, error.what());
    }
}

int throw_through_the_library() {
    const sepconv::Operator op(depthwise());
    const sepconv::Dims shape{8, middle, 112, 112}; // enough work for two threads
    const auto map = integers(sepconv::elements(shape), 6);
    std::vector<float> result(map.size());
    sepconv::Workspace workspace(op.workspace_size(shape, 2) + SEPCONV_WORKSPACE_ALIGNMENT);
    const auto strides = sepconv::contiguous_strides(SEPCONV_LAYOUT_NHWC, shape);
    const auto in = sepconv::input(map.data(), map.size(), shape, strides);
    const auto out = sepconv::output(result.data(), result.size(), shape, strides);
    sepconv_parallel_for threads{sizeof threads, 2, nullptr, nullptr};
    threads.run = [](void *, std::size_t, sepconv_task, void *) { throw std::runtime_error("thrown by the pool"); };
    try {
        sepconv_run(op.get(), &in, &out, workspace.data(), workspace.size(), &threads);
    } catch (...) {
        std::printf("an exception came out of C\n");
    }
    return 1;
}

} // namespace

int main(int count, char **) {
    if (count > 1) {
        return throw_through_the_library();
    }
    try {
        inverted_residual();
        dense_is_pointwise_with_one_tap();
        operators_move_and_isas_are_forced();
    } catch (const std::exception &error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
    std::printf("sepconv.hpp: all checks passed\n");
    return 0;
}
