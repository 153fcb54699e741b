/* A block of MobileNetV1 in C: depthwise 3x3 and pointwise, each with bias and ReLU6, on the threads of this program.
 *
 *     cc mobilenet_block.c $(pkg-config --cflags --libs sepconv) -lpthread && ./a.out
 *
 * The data are small integers, so that the result has to be exactly that of the plain loops below.
 */
#include <sepconv.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEIGHT = 28, WIDTH = 28, CHANNELS = 32, OUTPUTS = 64, THREADS = 2 };

static void check(sepconv_status status, const char *what) {
    if (status != SEPCONV_STATUS_OK) {
        fprintf(stderr, "%s: %s: %s\n", what, sepconv_status_name(status), sepconv_last_error());
        exit(1);
    }
}

static float *integers(size_t len, unsigned seed) {
    float *data = malloc(len * sizeof *data);
    if (!data) {
        abort();
    }
    for (size_t i = 0; i < len; i++) {
        seed = seed * 1664525u + 1013904223u;
        data[i] = (float)((int)(seed >> 24) % 5 - 2);
    }
    return data;
}

/* The simplest pool: threads that are started for the run and joined at its end. */
struct job {
    sepconv_task task;
    void *context;
    size_t index;
};

static void *run_job(void *argument) {
    struct job *job = argument;
    job->task(job->context, job->index);
    return NULL;
}

static void parallel_for(void *user, size_t tasks, sepconv_task task, void *context) {
    size_t *calls = user;
    pthread_t threads[THREADS];
    struct job jobs[THREADS];
    for (size_t i = 0; i < tasks; i++) { /* never more tasks than threads */
        jobs[i] = (struct job){task, context, i};
        if (pthread_create(&threads[i], NULL, run_job, &jobs[i]) != 0) {
            abort();
        }
    }
    for (size_t i = 0; i < tasks; i++) {
        pthread_join(threads[i], NULL);
    }
    ++*calls;
}

static float relu6(float x) { return x < 0 ? 0 : x > 6 ? 6 : x; }

/* The same block as plain loops, NHWC, padding 1. */
static void plain(const float *input, const float *dw, const float *dw_bias, const float *pw, const float *pw_bias,
                  float *output) {
    for (int y = 0; y < HEIGHT; y++) {
        for (int x = 0; x < WIDTH; x++) {
            float middle[CHANNELS];
            for (int c = 0; c < CHANNELS; c++) {
                float sum = dw_bias[c];
                for (int ky = 0; ky < 3; ky++) {
                    for (int kx = 0; kx < 3; kx++) {
                        int iy = y + ky - 1, ix = x + kx - 1;
                        if (iy >= 0 && iy < HEIGHT && ix >= 0 && ix < WIDTH) {
                            sum += input[(iy * WIDTH + ix) * CHANNELS + c] * dw[(c * 3 + ky) * 3 + kx];
                        }
                    }
                }
                middle[c] = relu6(sum);
            }
            for (int o = 0; o < OUTPUTS; o++) {
                float sum = pw_bias[o];
                for (int c = 0; c < CHANNELS; c++) {
                    sum += middle[c] * pw[o * CHANNELS + c];
                }
                output[(y * WIDTH + x) * OUTPUTS + o] = relu6(sum);
            }
        }
    }
}

int main(void) {
    float *dw = integers(CHANNELS * 9, 1), *dw_bias = integers(CHANNELS, 2);
    float *pw = integers(CHANNELS * OUTPUTS, 3), *pw_bias = integers(OUTPUTS, 4);
    size_t shape[4] = {1, CHANNELS, HEIGHT, WIDTH}, out_shape[4];
    size_t len = CHANNELS * HEIGHT * WIDTH, out_len;
    float *map = integers(len, 5);

    sepconv_depthwise_params depthwise;
    check(sepconv_depthwise_params_init(&depthwise, sizeof depthwise), "depthwise parameters");
    depthwise.channels = CHANNELS;
    depthwise.window.kernel[0] = depthwise.window.kernel[1] = 3;
    depthwise.padding = SEPCONV_PADDING_SAME;
    depthwise.activation.kind = SEPCONV_ACTIVATION_RELU6;
    depthwise.weights = (sepconv_weights){dw, CHANNELS * 9};
    depthwise.bias = (sepconv_bias){dw_bias, CHANNELS};

    sepconv_pointwise_params pointwise;
    check(sepconv_pointwise_params_init(&pointwise, sizeof pointwise), "pointwise parameters");
    pointwise.in_channels = CHANNELS;
    pointwise.out_channels = OUTPUTS;
    pointwise.activation.kind = SEPCONV_ACTIVATION_RELU6;
    pointwise.weights = (sepconv_weights){pw, CHANNELS * OUTPUTS};
    pointwise.bias = (sepconv_bias){pw_bias, OUTPUTS};

    sepconv_operator *block = NULL;
    check(sepconv_separable_create(&depthwise, &pointwise, NULL, &block), "create");
    check(sepconv_output_shape(block, shape, out_shape), "output shape");
    out_len = out_shape[0] * out_shape[1] * out_shape[2] * out_shape[3];

    size_t workspace_bytes = 0;
    check(sepconv_workspace_size(block, shape, THREADS, &workspace_bytes), "workspace size");
    size_t rounded = (workspace_bytes + SEPCONV_WORKSPACE_ALIGNMENT) & ~(size_t)(SEPCONV_WORKSPACE_ALIGNMENT - 1);
    void *workspace = aligned_alloc(SEPCONV_WORKSPACE_ALIGNMENT, rounded);
    float *output = malloc(out_len * sizeof *output), *expected = malloc(out_len * sizeof *expected);
    if (!workspace || !output || !expected) {
        abort();
    }

    sepconv_input in = {.struct_size = sizeof in, .data = map, .len = len};
    sepconv_output out = {.struct_size = sizeof out, .data = output, .len = out_len};
    memcpy(in.shape, shape, sizeof shape);
    memcpy(out.shape, out_shape, sizeof out_shape);
    check(sepconv_contiguous_strides(SEPCONV_LAYOUT_NHWC, in.shape, in.strides), "input strides");
    check(sepconv_contiguous_strides(SEPCONV_LAYOUT_NHWC, out.shape, out.strides), "output strides");

    size_t calls = 0;
    sepconv_parallel_for threads = {sizeof threads, THREADS, parallel_for, &calls};
    check(sepconv_run(block, &in, &out, workspace, workspace_bytes, &threads), "run");

    plain(map, dw, dw_bias, pw, pw_bias, expected);
    int same = memcmp(output, expected, out_len * sizeof *output) == 0;
    printf("sepconv %s on %s: %s\n", sepconv_version(), sepconv_operator_isa(block), sepconv_operator_kernel(block));
    printf("output %zu x %zu x %zu x %zu, pool used %zu times, %s the plain loops\n", out_shape[0], out_shape[1],
           out_shape[2], out_shape[3], calls, same ? "equal to" : "DIFFERENT FROM");

    /* A refused call says what was wrong. */
    out.shape[1] = 63;
    sepconv_status refused = sepconv_run(block, &in, &out, workspace, workspace_bytes, NULL);
    printf("refused: %s: %s\n", sepconv_status_name(refused), sepconv_last_error());

    sepconv_operator_destroy(block);
    free(workspace);
    free(expected);
    free(output);
    free(map);
    free(pw_bias);
    free(pw);
    free(dw_bias);
    free(dw);
    return same && refused == SEPCONV_STATUS_SHAPE_MISMATCH ? 0 : 1;
}
