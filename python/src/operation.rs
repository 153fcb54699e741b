//! The function and the class of an operation, from one description.
//!
//! ```text
//! operation! {
//!     fn NAME = "what it does"; returns "shape of the result", "size of the result";
//!     class NAME = "what it is";
//!     /// weights and biases
//!     arrays { weight + bias, ... }
//!     window ["stride, padding, dilation"] { name: Type, ... }
//!     /// activation
//!     activation Type;
//!     flags { /// flag
//!             name, ... }
//!     known { multiplier }
//!     recipe NAME
//! }
//! ```
//!
//! Texts are parts of docstrings, in numpydoc's form. The default of an argument goes with its type: `defaults` has the rows.
//! `known` names the argument of the class that says what weights in torch's order leave open; the function takes that from its
//! input. `known {}`: nothing is open. `recipe` is a function of (arrays, known, window ..., activation, flags ...).
//!
//! The signatures that Python shows are written at the head of the docstrings, where CPython looks for them: `name(...)`, a line
//! `--`, an empty line. PyO3's attribute for them takes nothing but a literal, in which all defaults would stand again.

macro_rules! operation {
    (
        fn $function:ident = $does:tt; returns $result:tt, $size:expr;
        class $class:ident = $prepared:tt;
        $(#[doc = $arrays_text:tt])+
        arrays { $($weight:ident + $bias:ident),+ }
        window [$window_text:expr] { $($window:ident: $window_type:ident),+ }
        $(#[doc = $activation_text:tt])+
        activation $activation_type:ident;
        flags { $($(#[doc = $flag_text:tt])+ $flag:ident),* }
        known { $($multiplier:ident)? }
        recipe $recipe:ident
    ) => {
        #[doc = concat!(
            stringify!($function), "(input, ", $(stringify!($weight), ", ",)+ $(stringify!($bias), "=None, ",)+
            $(stringify!($window), "=", $crate::defaults::default!(text $window_type), ", ",)+
            "layout=", $crate::defaults::default!(text Axes),
            ", activation=", $crate::defaults::default!(text $activation_type), ", out=None, *, ",
            $(stringify!($flag), "=", $crate::defaults::default!(text bool), ", ",)*
            "weight_order=", $crate::defaults::default!(text Order), ", threads=None, isa=None)\n--"
        )]
        #[doc = ""]
        #[doc = $does]
        ///
        /// Parameters
        /// ----------
        #[doc = $crate::docs::input!()]
        $(#[doc = $arrays_text])+
        #[doc = $window_text]
        #[doc = $crate::docs::layout!()]
        $(#[doc = $activation_text])+
        #[doc = $crate::docs::names!()]
        $($(#[doc = $flag_text])+)*
        #[doc = $crate::docs::out!()]
        #[doc = $crate::docs::weight_order!()]
        #[doc = $crate::docs::threads!()]
        #[doc = $crate::docs::isa!()]
        ///
        /// Returns
        /// -------
        #[doc = concat!("float32 array ", $result, "\n", $size)]
        #[doc = $crate::docs::raises!()]
        #[pyo3::pyfunction]
        #[pyo3(
            signature = (
                input, $($weight,)+ $($bias = None,)+
                $($window = $crate::defaults::default!(value $window_type),)+
                layout = $crate::defaults::default!(value Axes),
                activation = $crate::defaults::default!(value $activation_type),
                out = None, *, $($flag = $crate::defaults::default!(value bool),)*
                weight_order = $crate::defaults::default!(value Order),
                threads = None, isa = None
            ),
            text_signature = None
        )]
        #[allow(clippy::too_many_arguments)] // the order that users of the frameworks know
        pub fn $function<'py>(
            input: &pyo3::Bound<'py, pyo3::PyAny>,
            $($weight: &pyo3::Bound<'py, pyo3::PyAny>,)+
            $($bias: Option<&pyo3::Bound<'py, pyo3::PyAny>>,)+
            $($window: $crate::args::$window_type,)+
            layout: $crate::args::Axes,
            activation: $crate::args::$activation_type,
            out: Option<&pyo3::Bound<'py, pyo3::PyAny>>,
            $($flag: bool,)*
            weight_order: $crate::args::Order,
            threads: Option<$crate::args::Count>,
            isa: Option<&str>,
        ) -> pyo3::PyResult<pyo3::Bound<'py, pyo3::PyAny>> {
            let input = $crate::array::Input::new(input, layout)?;
            let arrays = [$($crate::kernel::Arrays {
                weight: $weight,
                bias: $bias,
                order: weight_order,
                names: [stringify!($weight), stringify!($bias)],
            }),+];
            $(let $multiplier = $crate::kernel::Known::Channels(input.shape.c);)?
            let recipe = $recipe(arrays, $($multiplier,)? $($window,)+ activation, $($flag,)*)?;
            $crate::run::once(recipe, &input, layout, isa, out, threads)
        }

        #[doc = concat!(
            stringify!($class), "(", $(stringify!($weight), ", ",)+ $(stringify!($bias), "=None, ",)+
            $(stringify!($window), "=", $crate::defaults::default!(text $window_type), ", ",)+
            "layout=", $crate::defaults::default!(text Axes),
            ", activation=", $crate::defaults::default!(text $activation_type), ", *, ",
            $(stringify!($flag), "=", $crate::defaults::default!(text bool), ", ",)*
            $(stringify!($multiplier), "=", $crate::defaults::default!(text Count), ", ",)?
            "weight_order=", $crate::defaults::default!(text Order), ", isa=None)\n--"
        )]
        #[doc = ""]
        #[doc = concat!($prepared, " The function is ``", stringify!($function), "``.")]
        ///
        /// Parameters
        /// ----------
        $(#[doc = $arrays_text])+
        #[doc = $window_text]
        #[doc = $crate::docs::layout!()]
        $(#[doc = $activation_text])+
        #[doc = $crate::docs::names!()]
        $($(#[doc = $flag_text])+)*
        $(#[doc = $crate::docs::multiplier!($multiplier)])?
        #[doc = $crate::docs::weight_order!()]
        #[doc = $crate::docs::isa!()]
        #[doc = $crate::docs::methods!()]
        #[doc = concat!("    ", $crate::docs::output_shape!())]
        #[doc = $crate::docs::raises!()]
        #[pyo3::pyclass(frozen, extends = $crate::operator::Operator, module = "sepconv")]
        pub struct $class;

        #[pyo3::pymethods]
        impl $class {
            #[new]
            #[pyo3(
                signature = (
                    $($weight,)+ $($bias = None,)+
                    $($window = $crate::defaults::default!(value $window_type),)+
                    layout = $crate::defaults::default!(value Axes),
                    activation = $crate::defaults::default!(value $activation_type),
                    *, $($flag = $crate::defaults::default!(value bool),)*
                    $($multiplier = $crate::defaults::default!(value Count),)?
                    weight_order = $crate::defaults::default!(value Order),
                    isa = None
                ),
                text_signature = None
            )]
            #[allow(clippy::too_many_arguments)] // the order that users of the frameworks know
            fn new(
                $($weight: &pyo3::Bound<'_, pyo3::PyAny>,)+
                $($bias: Option<&pyo3::Bound<'_, pyo3::PyAny>>,)+
                $($window: $crate::args::$window_type,)+
                layout: $crate::args::Axes,
                activation: $crate::args::$activation_type,
                $($flag: bool,)*
                $($multiplier: $crate::args::Count,)?
                weight_order: $crate::args::Order,
                isa: Option<&str>,
            ) -> pyo3::PyResult<pyo3::PyClassInitializer<Self>> {
                let arrays = [$($crate::kernel::Arrays {
                    weight: $weight,
                    bias: $bias,
                    order: weight_order,
                    names: [stringify!($weight), stringify!($bias)],
                }),+];
                $(let $multiplier = $crate::kernel::Known::Multiplier($multiplier.0);)?
                let recipe = $recipe(arrays, $($multiplier,)? $($window,)+ activation, $($flag,)*)?;
                $crate::operator::Operator::extended(Self, recipe, layout, isa)
            }
        }
    };
}

pub(crate) use operation;
