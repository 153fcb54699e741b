//! A case with its numbers and its expected results: computed once, compared on every instruction set.

use super::{Case, Data, InputMemory, OutputMemory, View, data::Source, executors::Reverse};
use sepconv::reference::Bounded;
use sepconv::{Executor, Isa, Operator, Serial, Shape, Weights, Workspace};

/// Numbers of a case.
pub struct Problem {
    pub case: Case,
    pub data: Data,
    pub input: Vec<f32>,
    pub weights: [Vec<f32>; 2],
    pub bias: [Option<Vec<f32>>; 2],
    pub output_shape: Shape,
}

/// What a run must give.
pub struct Expected {
    bounded: Vec<Bounded>,
    /// Bits that every kernel must give, for integers through activations that keep them.
    exact: Option<Vec<f32>>,
}

impl Problem {
    pub fn new(case: &Case, data: Data) -> Self {
        let mut source = Source::new(case.seed(), data);
        let output_shape = case.spec.output_shape(case.input);
        let output_shape = output_shape.unwrap_or_else(|error| panic!("{error}: {case:?}"));
        let input = source.take(case.input.len().expect("the input shape of a case is valid"));
        let weights = case.spec.weights_len().map(|len| source.take(len));
        let lens = case.spec.bias_len();
        let bias = [0, 1].map(|stage| case.bias[stage].then(|| source.take(lens[stage])));
        Self { case: *case, data, input, weights, bias, output_shape }
    }

    pub fn weights(&self) -> [Weights<'_>; 2] {
        let [first, second] = &self.weights;
        if self.case.tensorflow {
            [Weights::tensorflow(first), Weights::tensorflow(second)]
        } else {
            [Weights::torch(first), Weights::torch(second)]
        }
    }

    /// The weights of a case in PyTorch's order, moved to TensorFlow's.
    pub fn weights_in_tensorflow_order(&self) -> [Vec<f32>; 2] {
        // [C·M, 1, kh, kw] to [kh, kw, C·M], [Cout, Cin, kh, kw] to [kh, kw, Cin, Cout].
        let sizes = self.case.spec.weights_sizes();
        [0, 1].map(|stage| {
            let [outputs, inputs, taps] = sizes[stage];
            let mut moved = vec![0.0; self.weights[stage].len()];
            for (from, &weight) in self.weights[stage].iter().enumerate() {
                let (output, input, tap) = (from / (inputs * taps), from / taps % inputs, from % taps);
                moved[(tap * inputs + input) * outputs + output] = weight;
            }
            moved
        })
    }

    pub fn bias(&self) -> [Option<&[f32]>; 2] {
        [self.bias[0].as_deref(), self.bias[1].as_deref()]
    }

    /// The operator on a forced instruction set; its word on which one it uses is checked.
    pub fn operator(&self, isa: Isa) -> Box<dyn Operator> {
        let operator = self.case.spec.operator(self.weights(), self.bias(), isa);
        let operator = operator.unwrap_or_else(|error| panic!("{error}: {:?}", self.case));
        assert_eq!(operator.isa(), isa, "{:?}", self.case);
        assert_eq!(operator.layout(), self.case.spec.layout(), "{:?}", self.case);
        assert_eq!(operator.output_shape(self.case.input), Ok(self.output_shape), "{:?}", self.case);
        let names = operator.kernel_name();
        let forced = names.split(" + ").all(|name| name.ends_with(&format!("__{isa}")));
        assert!(forced, "{isa} was forced, the kernel is {names:?}: {:?}", self.case);
        operator
    }

    /// Runs with exactly the workspace that the operator asks for; checks the guards around the output.
    pub fn run(&self, operator: &dyn Operator, views: [View; 2], executor: &dyn Executor) -> Vec<f32> {
        let needed = operator.workspace_len(self.case.input, executor.threads());
        let needed = needed.unwrap_or_else(|error| panic!("{error}: {:?}", self.case));
        self.run_in(operator, views, executor, &mut Workspace::new(needed))
    }

    /// As [`Problem::run`], in the caller's workspace.
    pub fn run_in(
        &self,
        operator: &dyn Operator,
        views: [View; 2],
        executor: &dyn Executor,
        workspace: &mut Workspace,
    ) -> Vec<f32> {
        let layout = self.case.spec.layout();
        let input = InputMemory::new(&self.input, self.case.input, layout, views[0]);
        let mut output = OutputMemory::new(self.output_shape, layout, views[1]);
        let context = || format!("{} {views:?}: {:?}", operator.kernel_name(), self.case);
        if let Err(error) = operator.run(&input.tensor(), &mut output.tensor(), workspace, executor) {
            panic!("{error}: {}", context());
        }
        output.collect().unwrap_or_else(|error| panic!("{error}: {}", context()))
    }

    pub fn expected(&self) -> Expected {
        let input = InputMemory::new(&self.input, self.case.input, self.case.spec.layout(), View::PACKED);
        let (input, weights, bias) = (input.tensor(), self.weights(), self.bias());
        let reference = "the reference takes the case";
        let bounded = self.case.spec.reference(&input, weights, bias).expect(reference);
        let exact = (self.data == Data::Integers && self.case.spec.keeps_integers()).then(|| {
            self.assert_sums_are_exact();
            self.case.spec.reference(&input, weights, bias).expect(reference)
        });
        Expected { bounded, exact }
    }

    /// Products and sums of integers in ±8 must stay below 2²⁴, or equality of bits could not be asked for.
    fn assert_sums_are_exact(&self) {
        let [first, second] = self.case.spec.products().map(|products| products as u64);
        let after_first = 8 * 8 * first + 8;
        let largest = after_first.max(8 * after_first * second + 8);
        assert!(largest < 1 << 24, "sums up to {largest} are not exact: {:?}", self.case);
    }

    /// Compares with the reference; `Err` says where and how much.
    pub fn compare(&self, expected: &Expected, actual: &[f32]) -> Result<(), String> {
        assert_eq!(actual.len(), expected.bounded.len());
        for (i, (&actual, bounded)) in actual.iter().zip(&expected.bounded).enumerate() {
            let error = bounded.error_over_bound(actual);
            if error > 1.0 {
                let value = bounded.value;
                return Err(format!("{}: {actual} instead of {value}, error/bound {error:.3}", self.place(i)));
            }
            if let Some(exact) = &expected.exact {
                let wanted = exact[i];
                if actual.to_bits() != wanted.to_bits() && !(actual.is_nan() && wanted.is_nan()) {
                    return Err(format!("{}: {actual:?} instead of exactly {wanted:?}", self.place(i)));
                }
            }
        }
        Ok(())
    }

    /// Runs on one instruction set, as it is and as a slice of a larger tensor split for three threads: both must be
    /// right, and the same bit for bit.
    pub fn check_on(&self, expected: &Expected, isa: Isa) {
        let operator = self.operator(isa);
        let packed = self.run(&*operator, [View::PACKED; 2], &Serial);
        if let Err(error) = self.compare(expected, &packed) {
            panic!("{} {error}: {:?}, {:?}", operator.kernel_name(), self.case, self.data);
        }
        let views = [View::slice_of_larger(3, [5, 7, 11]), View::slice_of_larger(1, [3, 2, 13])];
        let sliced = self.run(&*operator, views, &Reverse { threads: 3 });
        let different = packed.iter().zip(&sliced).position(|(a, b)| a.to_bits() != b.to_bits());
        if let Some(i) = different {
            let (name, place) = (operator.kernel_name(), self.place(i));
            let (a, b) = (packed[i], sliced[i]);
            panic!("{name} {place}: {a:?} packed and serial, {b:?} sliced and split: {:?}, {:?}", self.case, self.data);
        }
    }

    /// Index of a tensor without gaps as coordinates.
    fn place(&self, index: usize) -> String {
        let Shape { c, h, w, .. } = self.output_shape;
        let (n, rest) = (index / (c * h * w), index % (c * h * w));
        let (channel, y, x) = match self.case.spec.layout() {
            sepconv::Layout::Hwc => (rest % c, rest / c / w, rest / c % w),
            sepconv::Layout::Chw => (rest / (h * w), rest / w % h, rest % w),
        };
        format!("at n {n}, c {channel}, y {y}, x {x} of {}", self.output_shape)
    }
}
