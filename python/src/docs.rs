//! Parts of docstrings that several functions and classes share, in numpydoc's form. Pixels are the unit of all sizes.

/// stride, padding, dilation.
macro_rules! window {
    () => {
        "stride, dilation : int or (int, int)
    In pixels, both axes or (height, width); dilation 1 means not dilated.
padding : int, (int, int), (int, int, int, int), \"valid\" or \"same\"
    In pixels: all sides, (height, width) or (top, left, bottom, right); \"same\" gives ceil(input / stride) outputs, with an
    odd pixel at the bottom and right."
    };
}

/// layout.
macro_rules! layout {
    () => {
        "layout : \"nchw\" or \"nhwc\"
    Order of the axes of input and output; the first one may be missing in both."
    };
}

/// Activations by name.
macro_rules! names {
    () => {
        "    None, \"relu\", \"relu6\", \"hardswish\", \"silu\", (\"clamp\", lo, hi) or (\"leaky_relu\", slope)"
    };
}

/// input.
macro_rules! input {
    () => {
        "input : float32 array
    [n, c, h, w], or [n, h, w, c] with layout \"nhwc\": NumPy, or anything with ``__dlpack__`` in CPU memory."
    };
}

/// out.
macro_rules! out {
    () => {
        "out : float32 array, optional
    Written in place and returned; in the memory order of the input, and apart from it."
    };
}

/// weight_order.
macro_rules! weight_order {
    () => {
        "weight_order : \"torch\", \"onnx\" or \"tensorflow\"
    Order of the axes of all weights."
    };
}

/// threads.
macro_rules! threads {
    () => {
        "threads : int, optional
    Threads of this call; ``get_num_threads()`` if None. The result does not depend on it."
    };
}

/// isa.
macro_rules! isa {
    () => {
        "isa : str, optional
    One of ``available_isas()``; ``preferred_isa()`` if None."
    };
}

/// What operators can do. (Python shows a text of its own for `__call__`.)
macro_rules! methods {
    () => {
        "
Methods
-------
operator(input, out=None, threads=None)
    Runs on ``input`` [n, c, h, w], or [n, h, w, c] with layout \"nhwc\": float32, NumPy or anything with ``__dlpack__``. Writes to
    ``out``, if it is given, or to a new array in the memory order of the input; returns the array written. ``threads`` as in
    the functions.
output_shape(shape)"
    };
}

/// The method output_shape.
macro_rules! output_shape {
    () => {
        "Shape (n, c, h, w) of the result for an input of shape (n, c, h, w), whatever the layout."
    };
}

/// Kernels for each input channel, where constructors cannot count them.
macro_rules! multiplier {
    ($name:ident) => {
        concat!(
            stringify!($name),
            " : int
    Kernels for each input channel, m; weights in TensorFlow's order say it themselves."
        )
    };
}

/// Size of the output of a window.
macro_rules! size {
    () => {
        "    oh = (h + top + bottom - dilation * (kh - 1) - 1) // stride + 1, ow in the same way. Axes as ``layout`` says; a new array
    has the memory order of the input."
    };
}

/// What is raised.
macro_rules! raises {
    () => {
        "
Raises
------
TypeError
    An array is not float32, or an argument has the wrong type.
ValueError
    Numbers that do not fit; the message has them."
    };
}

pub(crate) use {
    input, isa, layout, methods, multiplier, names, out, output_shape, raises, size, threads, weight_order, window,
};
