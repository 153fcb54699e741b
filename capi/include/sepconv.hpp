// C++17 interface of sepconv, header only, over sepconv.h: operators free themselves, failures are exceptions.
#ifndef SEPCONV_HPP
#define SEPCONV_HPP

#include "sepconv.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace sepconv {

// A refused call: what() is sepconv_last_error, with the numbers.
class Error : public std::runtime_error {
public:
    Error(sepconv_status status, const char *message) : std::runtime_error(message), status_(status) {}
    sepconv_status status() const noexcept { return status_; }

private:
    sepconv_status status_;
};

inline void check(sepconv_status status) {
    if (status != SEPCONV_STATUS_OK) {
        throw Error(status, sepconv_last_error());
    }
}

// Sizes or strides: n, c, h, w.
using Dims = std::array<std::size_t, 4>;

inline std::size_t elements(const Dims &shape) { return shape[0] * shape[1] * shape[2] * shape[3]; }

inline Dims contiguous_strides(sepconv_layout layout, const Dims &shape) {
    Dims strides{};
    check(sepconv_contiguous_strides(layout, shape.data(), strides.data()));
    return strides;
}

// Names of the instruction sets that can be had here, the best one last.
inline std::vector<std::string> available_isas() {
    std::vector<std::string> names;
    while (const char *name = sepconv_isa_available(names.size())) {
        names.emplace_back(name);
    }
    return names;
}

inline std::string preferred_isa() {
    const char *name = nullptr;
    check(sepconv_isa_preferred(&name));
    return name;
}

// Parameters with their defaults; set the rest field by field.
inline sepconv_depthwise_params depthwise_params(std::size_t channels, std::array<std::size_t, 2> kernel) {
    sepconv_depthwise_params params;
    check(sepconv_depthwise_params_init(&params, sizeof params));
    params.channels = channels;
    params.window.kernel[0] = kernel[0];
    params.window.kernel[1] = kernel[1];
    return params;
}

inline sepconv_pointwise_params pointwise_params(std::size_t in_channels, std::size_t out_channels) {
    sepconv_pointwise_params params;
    check(sepconv_pointwise_params_init(&params, sizeof params));
    params.in_channels = in_channels;
    params.out_channels = out_channels;
    return params;
}

inline sepconv_conv2d_params conv2d_params(std::size_t in_channels, std::size_t out_channels,
                                           std::array<std::size_t, 2> kernel) {
    sepconv_conv2d_params params;
    check(sepconv_conv2d_params_init(&params, sizeof params));
    params.in_channels = in_channels;
    params.out_channels = out_channels;
    params.window.kernel[0] = kernel[0];
    params.window.kernel[1] = kernel[1];
    return params;
}

inline sepconv_weights weights(const std::vector<float> &data) { return {data.data(), data.size()}; }
inline sepconv_bias bias(const std::vector<float> &data) { return {data.data(), data.size()}; }

// A tensor to read: `len` elements from `data`.
inline sepconv_input input(const float *data, std::size_t len, const Dims &shape, const Dims &strides) {
    return {sizeof(sepconv_input), data, len, {shape[0], shape[1], shape[2], shape[3]},
            {strides[0], strides[1], strides[2], strides[3]}};
}

// A tensor to write.
inline sepconv_output output(float *data, std::size_t len, const Dims &shape, const Dims &strides) {
    return {sizeof(sepconv_output), data, len, {shape[0], shape[1], shape[2], shape[3]},
            {strides[0], strides[1], strides[2], strides[3]}};
}

// Scratch memory of runs, aligned as they want it. It grows when asked to and is kept between runs.
class Workspace {
public:
    Workspace() = default;
    explicit Workspace(std::size_t bytes) { reserve(bytes); }

    void reserve(std::size_t bytes) {
        if (bytes > bytes_) {
            memory_.reset(static_cast<std::byte *>(::operator new(bytes, alignment)));
            bytes_ = bytes;
        }
    }
    void *data() const noexcept { return memory_.get(); }
    std::size_t size() const noexcept { return bytes_; }

private:
    static constexpr std::align_val_t alignment{SEPCONV_WORKSPACE_ALIGNMENT};
    struct Free {
        void operator()(std::byte *memory) const noexcept { ::operator delete(memory, alignment); }
    };
    std::unique_ptr<std::byte, Free> memory_;
    std::size_t bytes_ = 0;
};

// Threads to run on: `parallel_for(tasks, task)` calls task(i) once for every i below `tasks` and returns when all have returned.
//
// Exceptions from it do not pass through the library: the first one is thrown again when the run has returned.
template <class F> class Threads {
public:
    Threads(std::size_t threads, F parallel_for) : parallel_for_(std::move(parallel_for)) {
        params_.struct_size = sizeof params_;
        params_.threads = threads;
        params_.run = &Threads::call;
    }
    Threads(const Threads &) = delete;
    Threads &operator=(const Threads &) = delete;

    const sepconv_parallel_for *params() {
        params_.user = this;
        return &params_;
    }
    std::size_t threads() const noexcept { return params_.threads; }
    void rethrow() {
        if (thrown_) {
            std::rethrow_exception(std::exchange(thrown_, nullptr));
        }
    }

private:
    static void call(void *user, std::size_t tasks, sepconv_task task, void *context) {
        auto *self = static_cast<Threads *>(user);
        try {
            self->parallel_for_(tasks, [task, context](std::size_t index) { task(context, index); });
        } catch (...) {
            self->thrown_ = std::current_exception();
        }
    }

    F parallel_for_;
    sepconv_parallel_for params_{};
    std::exception_ptr thrown_;
};

// A prepared operation; it owns its packed weights. It does not change: threads may share it, each with a workspace of its own.
class Operator {
public:
    explicit Operator(const sepconv_depthwise_params &params, const char *isa = nullptr) {
        adopt([&](sepconv_operator **created) { return sepconv_depthwise_create(&params, isa, created); });
    }
    explicit Operator(const sepconv_pointwise_params &params, const char *isa = nullptr) {
        adopt([&](sepconv_operator **created) { return sepconv_pointwise_create(&params, isa, created); });
    }
    explicit Operator(const sepconv_conv2d_params &params, const char *isa = nullptr) {
        adopt([&](sepconv_operator **created) { return sepconv_conv2d_create(&params, isa, created); });
    }
    // Depthwise-separable: depthwise, then pointwise, fused.
    Operator(const sepconv_depthwise_params &depthwise, const sepconv_pointwise_params &pointwise,
             const char *isa = nullptr) {
        adopt([&](sepconv_operator **created) {
            return sepconv_separable_create(&depthwise, &pointwise, isa, created);
        });
    }
    // Inverted residual: expand (null for none), depthwise, project, fused; with `residual` the input is added to the result.
    Operator(const sepconv_pointwise_params *expand, const sepconv_depthwise_params &depthwise,
             const sepconv_pointwise_params &project, bool residual, const char *isa = nullptr) {
        adopt([&](sepconv_operator **created) {
            return sepconv_inverted_residual_create(expand, &depthwise, &project, residual, isa, created);
        });
    }

    Dims output_shape(const Dims &input_shape) const {
        Dims shape{};
        check(sepconv_output_shape(handle_.get(), input_shape.data(), shape.data()));
        return shape;
    }
    std::size_t workspace_size(const Dims &input_shape, std::size_t threads = 1) const {
        std::size_t bytes = 0;
        check(sepconv_workspace_size(handle_.get(), input_shape.data(), threads, &bytes));
        return bytes;
    }
    sepconv_layout layout() const {
        std::uint32_t value = 0;
        check(sepconv_operator_layout(handle_.get(), &value));
        return static_cast<sepconv_layout>(value);
    }
    std::string isa() const { return sepconv_operator_isa(handle_.get()); }
    std::string kernel() const { return sepconv_operator_kernel(handle_.get()); }
    const sepconv_operator *get() const noexcept { return handle_.get(); }

    // Runs on the calling thread. Allocates nothing if the workspace is large enough, else it grows.
    void run(const sepconv_input &input, const sepconv_output &output, Workspace &workspace) const {
        workspace.reserve(workspace_size(dims(input.shape)));
        check(sepconv_run(handle_.get(), &input, &output, workspace.data(), workspace.size(), nullptr));
    }
    // Runs on the caller's threads.
    template <class F>
    void run(const sepconv_input &input, const sepconv_output &output, Workspace &workspace,
             Threads<F> &threads) const {
        workspace.reserve(workspace_size(dims(input.shape), threads.threads()));
        const sepconv_status status =
            sepconv_run(handle_.get(), &input, &output, workspace.data(), workspace.size(), threads.params());
        threads.rethrow();
        check(status);
    }
    // Runs on a tensor without gaps, on the calling thread, into a new vector.
    std::vector<float> run(const std::vector<float> &map, const Dims &shape) const {
        const Dims produced = output_shape(shape);
        std::vector<float> result(elements(produced));
        Workspace workspace;
        run(sepconv::input(map.data(), map.size(), shape, contiguous_strides(layout(), shape)),
            sepconv::output(result.data(), result.size(), produced, contiguous_strides(layout(), produced)),
            workspace);
        return result;
    }

private:
    struct Destroy {
        void operator()(sepconv_operator *handle) const noexcept { sepconv_operator_destroy(handle); }
    };
    template <class Create> void adopt(Create create) {
        sepconv_operator *created = nullptr;
        check(create(&created));
        handle_.reset(created);
    }
    static Dims dims(const std::size_t (&sizes)[4]) { return {sizes[0], sizes[1], sizes[2], sizes[3]}; }

    std::unique_ptr<sepconv_operator, Destroy> handle_;
};

} // namespace sepconv

#endif // SEPCONV_HPP
