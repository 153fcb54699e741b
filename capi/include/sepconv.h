/* C interface of sepconv: CPU kernels for depthwise-separable convolution.
 *
 * Made by cbindgen from capi/src; not to be edited. To make it anew:
 *     SEPCONV_UPDATE_HEADER=1 cargo test -p sepconv-capi --test header
 */

#ifndef SEPCONV_H
#define SEPCONV_H

#include <stddef.h>
#include <stdint.h>

// Major version of this header; `sepconv_version` tells that of the library.
#define SEPCONV_VERSION_MAJOR 0

// Minor version of this header. Below 1.0 the ABI may change with it.
#define SEPCONV_VERSION_MINOR 1

// Patch version of this header.
#define SEPCONV_VERSION_PATCH 0

// Alignment of workspaces, in bytes.
#define SEPCONV_WORKSPACE_ALIGNMENT 64

// What a function answers. The numbers do not change between versions.
enum sepconv_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  // All is well.
  SEPCONV_STATUS_OK = 0,
  // A pointer that must not be null is.
  SEPCONV_STATUS_NULL_POINTER = 1,
  // A pointer does not have the alignment of what it points to, or a workspace is not aligned to
  // SEPCONV_WORKSPACE_ALIGNMENT.
  SEPCONV_STATUS_MISALIGNED = 2,
  // A struct_size is smaller than the first version of the structure, or larger and with fields set that this version
  // of the library does not know.
  SEPCONV_STATUS_STRUCT_SIZE = 3,
  // A field that holds one of a list of numbers holds another one.
  SEPCONV_STATUS_UNKNOWN_VALUE = 4,
  // A size, stride, dilation or thread count is 0, sizes overflow, a part that must not have a stride has one, or an
  // activation's parameters make no sense.
  SEPCONV_STATUS_INVALID_PARAMETER = 5,
  // Shapes, channels or layouts do not fit together, or the output would be empty.
  SEPCONV_STATUS_SHAPE_MISMATCH = 6,
  // Weights, bias or a tensor's memory do not have the elements that are needed.
  SEPCONV_STATUS_LENGTH_MISMATCH = 7,
  // Memory strides make elements overlap, or the layout's inner axis is not contiguous.
  SEPCONV_STATUS_INVALID_STRIDES = 8,
  // Two of input, output and workspace share memory.
  SEPCONV_STATUS_OVERLAP = 9,
  // The workspace is smaller than sepconv_workspace_size says.
  SEPCONV_STATUS_WORKSPACE_TOO_SMALL = 10,
  // No instruction set of this name is known.
  SEPCONV_STATUS_UNKNOWN_ISA = 11,
  // This CPU or build does not have the instruction set.
  SEPCONV_STATUS_ISA_UNAVAILABLE = 12,
  // A defect of this library. Please report it with the last error.
  SEPCONV_STATUS_INTERNAL = 99,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum sepconv_status sepconv_status;
#else
typedef int32_t sepconv_status;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// Which axis of the maps is contiguous in memory.
enum sepconv_layout
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  // Channels last: n, h, w, c.
  SEPCONV_LAYOUT_NHWC = 0,
  // Channels first: n, c, h, w.
  SEPCONV_LAYOUT_NCHW = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum sepconv_layout sepconv_layout;
#else
typedef uint32_t sepconv_layout;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// Order of the elements of weights. In both, depthwise output channel c * multiplier + q is input channel c with its kernel q.
enum sepconv_weight_order
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  // PyTorch and ONNX: depthwise [c * m, 1, kh, kw], pointwise and dense [cout, cin, kh, kw].
  SEPCONV_WEIGHT_ORDER_TORCH = 0,
  // TensorFlow and Keras: depthwise [kh, kw, c, m], pointwise and dense [kh, kw, cin, cout].
  SEPCONV_WEIGHT_ORDER_TENSORFLOW = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum sepconv_weight_order sepconv_weight_order;
#else
typedef uint32_t sepconv_weight_order;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// How maps are padded. Padding contributes nothing to a sum, whatever the weight.
enum sepconv_padding
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  // By the numbers in `pads`; all of them 0 means no padding.
  SEPCONV_PADDING_EXPLICIT = 0,
  // TensorFlow's SAME: ceil(input / stride) outputs, an odd pixel at the bottom and right. `pads` must be 0.
  SEPCONV_PADDING_SAME = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum sepconv_padding sepconv_padding;
#else
typedef uint32_t sepconv_padding;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// Function applied to every output.
enum sepconv_activation
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  // y = x
  SEPCONV_ACTIVATION_IDENTITY = 0,
  // y = max(x, 0)
  SEPCONV_ACTIVATION_RELU = 1,
  // y = min(max(x, 0), 6)
  SEPCONV_ACTIVATION_RELU6 = 2,
  // y = min(max(x, parameters[0]), parameters[1])
  SEPCONV_ACTIVATION_CLAMP = 3,
  // y = x for x >= 0, parameters[0] * x below
  SEPCONV_ACTIVATION_LEAKY_RELU = 4,
  // y = x * relu6(x + 3) / 6
  SEPCONV_ACTIVATION_HARD_SWISH = 5,
  // y = x / (1 + exp(-x))
  SEPCONV_ACTIVATION_SILU = 6,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum sepconv_activation sepconv_activation;
#else
typedef uint32_t sepconv_activation;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// A prepared operation: weights packed for one instruction set and layout, good for any map size and batch.
//
// It does not change: any number of threads may run it at the same time, each with a workspace of its own.
typedef struct sepconv_operator sepconv_operator;

// The sliding window, in pixels.
typedef struct sepconv_window_params {
  // Kernel size: height, width.
  size_t kernel[2];
  // Step between outputs: height, width.
  size_t stride[2];
  // Step between taps: height, width; 1 means not dilated.
  size_t dilation[2];
  // Padding: top, left, bottom, right.
  size_t pads[4];
} sepconv_window_params;

// An activation with its parameters.
typedef struct sepconv_activation_params {
  // One of sepconv_activation.
  uint32_t kind;
  // Those that the kind takes; the others are not looked at.
  float parameters[2];
} sepconv_activation_params;

// Weights: they are copied when the operator is made.
typedef struct sepconv_weights {
  // First element.
  const float *data;
  // Elements; must be exactly as many as the sizes say.
  size_t len;
} sepconv_weights;

// One number for each output channel, added before the activation. They are copied when the operator is made.
typedef struct sepconv_bias {
  // First element; null for no bias.
  const float *data;
  // Elements: the output channels, or 0 if there is no bias.
  size_t len;
} sepconv_bias;

// Depthwise convolution: every channel with its own kernels.
typedef struct sepconv_depthwise_params {
  // sizeof(sepconv_depthwise_params), as sepconv_depthwise_params_init sets it.
  size_t struct_size;
  // Input channels.
  size_t channels;
  // Output channels for each input channel.
  size_t multiplier;
  // Kernel, stride, dilation, padding.
  struct sepconv_window_params window;
  // One of sepconv_padding.
  uint32_t padding;
  // One of sepconv_layout, of input and output.
  uint32_t layout;
  // One of sepconv_weight_order.
  uint32_t weight_order;
  // Applied to the output.
  struct sepconv_activation_params activation;
  // channels * multiplier * kh * kw elements.
  struct sepconv_weights weights;
  // channels * multiplier elements, or none.
  struct sepconv_bias bias;
} sepconv_depthwise_params;

// Pointwise (1x1) convolution: every output channel is a weighted sum of all input channels of the pixel.
typedef struct sepconv_pointwise_params {
  // sizeof(sepconv_pointwise_params), as sepconv_pointwise_params_init sets it.
  size_t struct_size;
  // Input channels.
  size_t in_channels;
  // Output channels.
  size_t out_channels;
  // Step between the pixels that are read: height, width.
  size_t stride[2];
  // One of sepconv_layout, of input and output.
  uint32_t layout;
  // One of sepconv_weight_order.
  uint32_t weight_order;
  // Applied to the output.
  struct sepconv_activation_params activation;
  // 0; keeps what follows aligned.
  uint32_t reserved;
  // in_channels * out_channels elements.
  struct sepconv_weights weights;
  // out_channels elements, or none.
  struct sepconv_bias bias;
} sepconv_pointwise_params;

// Dense convolution (one group).
typedef struct sepconv_conv2d_params {
  // sizeof(sepconv_conv2d_params), as sepconv_conv2d_params_init sets it.
  size_t struct_size;
  // Input channels.
  size_t in_channels;
  // Output channels.
  size_t out_channels;
  // Kernel, stride, dilation, padding.
  struct sepconv_window_params window;
  // One of sepconv_padding.
  uint32_t padding;
  // One of sepconv_layout, of input and output.
  uint32_t layout;
  // One of sepconv_weight_order.
  uint32_t weight_order;
  // Applied to the output.
  struct sepconv_activation_params activation;
  // in_channels * out_channels * kh * kw elements.
  struct sepconv_weights weights;
  // out_channels elements, or none.
  struct sepconv_bias bias;
} sepconv_conv2d_params;

// A batch of maps to read. Element (n, c, y, x) is data[n * strides[0] + c * strides[1] + y * strides[2] + x * strides[3]],
// whatever the layout; strides count elements. The layout's inner axis (c for NHWC, x for NCHW) has stride 1.
typedef struct sepconv_input {
  // sizeof(sepconv_input).
  size_t struct_size;
  // First element.
  const float *data;
  // Elements that may be read from `data` on; nothing beyond them is touched.
  size_t len;
  // Sizes: n, c, h, w.
  size_t shape[4];
  // Distances between neighbours in elements: n, c, h, w.
  size_t strides[4];
} sepconv_input;

// A batch of maps to write; as sepconv_input. Gaps that strides leave are not touched.
typedef struct sepconv_output {
  // sizeof(sepconv_output).
  size_t struct_size;
  // First element; need not be initialised.
  float *data;
  // Elements that may be written from `data` on.
  size_t len;
  // Sizes: n, c, h, w.
  size_t shape[4];
  // Distances between neighbours in elements: n, c, h, w.
  size_t strides[4];
} sepconv_output;

// One task of a run, to be called with the context that came with it and an index.
typedef void (*sepconv_task)(void *context, size_t index);

// The caller's threads.
typedef struct sepconv_parallel_for {
  // sizeof(sepconv_parallel_for).
  size_t struct_size;
  // How many tasks can run at the same time; workspaces are sized by it.
  size_t threads;
  // Calls task(context, i) once for every i below `tasks`, in any order, on any threads, and returns when all calls have
  // returned. It must not keep `task` or `context`, and must not throw: a C++ exception that leaves it ends the process.
  // Results do not depend on how it does this.
  void (*run)(void *user, size_t tasks, sepconv_task task, void *context);
  // Handed to `run` as it is.
  void *user;
} sepconv_parallel_for;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// Name of the `index`-th instruction set that this CPU, system and build have ("portable", "avx2", "avx512", ...), the best
// one last; null from their number on.
const char *sepconv_isa_available(size_t index);

// Writes the name of the instruction set that operators use unless told otherwise: what the environment variable SEPCONV_ISA
// says, else the best one that is available. Fails if the variable names one that is not known or not available.
//
// # Safety
//
// `isa` may be written. The text is valid as long as the library is loaded.
sepconv_status sepconv_isa_preferred(const char **isa);

// Version of the library that is loaded, for example "0.1.0".
const char *sepconv_version(void);

// Makes a depthwise convolution and packs its weights. `isa` forces an instruction set by name; null takes the preferred one.
//
// On success `*created` is the operator, to be freed by sepconv_operator_destroy; otherwise it is left as it was.
//
// # Safety
//
// What `params` points to is as it says; `isa` is null or ends with a NUL; `created` may be written.
sepconv_status sepconv_depthwise_create(const struct sepconv_depthwise_params *params,
                                        const char *isa,
                                        struct sepconv_operator **created);

// Makes a pointwise convolution and packs its weights; the rest as sepconv_depthwise_create.
//
// # Safety
//
// As sepconv_depthwise_create.
sepconv_status sepconv_pointwise_create(const struct sepconv_pointwise_params *params,
                                        const char *isa,
                                        struct sepconv_operator **created);

// Makes a depthwise-separable convolution: depthwise, then pointwise, fused, each with bias and activation of its own.
// The pointwise part's input channels are the depthwise part's output channels. The rest as sepconv_depthwise_create.
//
// # Safety
//
// As sepconv_depthwise_create.
sepconv_status sepconv_separable_create(const struct sepconv_depthwise_params *depthwise,
                                        const struct sepconv_pointwise_params *pointwise,
                                        const char *isa,
                                        struct sepconv_operator **created);

// Makes an inverted residual block: pointwise (expand), depthwise, pointwise (project), fused, each with bias and activation of
// its own; the block of MobileNetV2. `expand` is null where there is no expanding part: the depthwise part reads the input then.
// With `residual` 1 the input is added to the result, behind the last activation, and must have its shape; 0 adds nothing.
// The rest as sepconv_depthwise_create.
//
// # Safety
//
// As sepconv_depthwise_create.
sepconv_status sepconv_inverted_residual_create(const struct sepconv_pointwise_params *expand,
                                                const struct sepconv_depthwise_params *depthwise,
                                                const struct sepconv_pointwise_params *project,
                                                uint32_t residual,
                                                const char *isa,
                                                struct sepconv_operator **created);

// Makes a dense convolution and packs its weights; the rest as sepconv_depthwise_create.
//
// # Safety
//
// As sepconv_depthwise_create.
sepconv_status sepconv_conv2d_create(const struct sepconv_conv2d_params *params,
                                     const char *isa,
                                     struct sepconv_operator **created);

// Frees an operator. Null is accepted and does nothing.
//
// # Safety
//
// `op` comes from a create function, is not running, and is not used afterwards.
void sepconv_operator_destroy(struct sepconv_operator *op);

// Name of the instruction set that the operator uses; "" for a null operator.
//
// # Safety
//
// `op` is null or an operator that lives. The text is valid as long as the library is loaded.
const char *sepconv_operator_isa(const struct sepconv_operator *op);

// Names of the kernels that the operator uses on large maps; "" for a null operator.
//
// # Safety
//
// `op` is null or an operator that lives. The text is valid until it is destroyed.
const char *sepconv_operator_kernel(const struct sepconv_operator *op);

// Writes the layout of the operator's input and output, one of sepconv_layout.
//
// # Safety
//
// `op` is null or an operator that lives; `layout` may be written.
sepconv_status sepconv_operator_layout(const struct sepconv_operator *op, uint32_t *layout);

// Sets multiplier, stride and dilation 1, everything else 0. `struct_size` is sizeof(*params).
//
// # Safety
//
// `struct_size` bytes from `params` may be written.
sepconv_status sepconv_depthwise_params_init(struct sepconv_depthwise_params *params, size_t struct_size);

// Sets stride 1, everything else 0. `struct_size` is sizeof(*params).
//
// # Safety
//
// `struct_size` bytes from `params` may be written.
sepconv_status sepconv_pointwise_params_init(struct sepconv_pointwise_params *params, size_t struct_size);

// Sets stride and dilation 1, everything else 0. `struct_size` is sizeof(*params).
//
// # Safety
//
// `struct_size` bytes from `params` may be written.
sepconv_status sepconv_conv2d_params_init(struct sepconv_conv2d_params *params, size_t struct_size);

// Writes the shape of the output (n, c, h, w) for an input of this shape (n, c, h, w).
//
// # Safety
//
// `op` is null or lives; four numbers can be read from `input_shape` and written to `output_shape`.
sepconv_status sepconv_output_shape(const struct sepconv_operator *op,
                                    const size_t *input_shape,
                                    size_t *output_shape);

// Writes how many bytes of workspace a run on an input of this shape (n, c, h, w) with so many threads needs. 0 is possible.
//
// # Safety
//
// `op` is null or lives; four numbers can be read from `input_shape`; `bytes` may be written.
sepconv_status sepconv_workspace_size(const struct sepconv_operator *op,
                                      const size_t *input_shape,
                                      size_t threads,
                                      size_t *bytes);

// Computes the output. Allocates nothing when it succeeds.
//
// `workspace` has `workspace_bytes` bytes, at least what sepconv_workspace_size says for this shape and number of threads,
// at an address that is a multiple of SEPCONV_WORKSPACE_ALIGNMENT; what it holds does not matter. It may be null if it has 0
// bytes. One workspace serves one run at a time. `parallel` is null to run on the calling thread.
// Input, output and workspace must not share memory. After a failure the output may be partly written.
//
// # Safety
//
// `op` is null or lives; the structures are as they say; their memory and the workspace are not touched by anyone else
// during the call.
sepconv_status sepconv_run(const struct sepconv_operator *op,
                           const struct sepconv_input *input,
                           const struct sepconv_output *output,
                           void *workspace,
                           size_t workspace_bytes,
                           const struct sepconv_parallel_for *parallel);

// Why the last call that failed on this thread did, as one line of UTF-8 with the numbers in it; "" if none has failed.
//
// Calls that succeed leave it as it is. The text is valid until the next call on this thread that fails, or the thread's end.
const char *sepconv_last_error(void);

// Name of a status, for example "SEPCONV_STATUS_OVERLAP"; "unknown status" for other numbers.
const char *sepconv_status_name(int32_t status);

// Writes the strides (n, c, h, w) of a tensor without gaps to `strides[4]`; `layout` is one of sepconv_layout, `shape[4]` is
// n, c, h, w.
//
// # Safety
//
// Four numbers can be read from `shape` and written to `strides`.
sepconv_status sepconv_contiguous_strides(uint32_t layout,
                                          const size_t *shape,
                                          size_t *strides);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* SEPCONV_H */
