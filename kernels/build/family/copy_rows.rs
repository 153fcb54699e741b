//! Copies of input rows.

use super::super::table::Epilogue;
use super::super::target::Target;
use super::{Family, List};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CopyRows;

impl Family for CopyRows {
    fn family(&self) -> &'static str {
        "CopyRows"
    }

    fn name(&self) -> String {
        "copy_row".to_owned()
    }

    fn module(&self) -> &'static str {
        "memory"
    }

    fn args(&self) -> &'static str {
        "RowArgs"
    }

    fn call(&self, target: &Target, _: &str) -> String {
        format!("copy_rows::run::<{}>", target.token)
    }

    fn shape(&self, _: &Target) -> String {
        "()".to_owned()
    }

    /// It has none: this one stands for that.
    fn epilogues(&self) -> &'static [Epilogue] {
        &[Epilogue::Clamp]
    }

    fn live_vectors(&self, _: &Target) -> usize {
        2
    }

    fn multiply_adds(&self, _: &Target) -> Option<usize> {
        None
    }

    fn lists(&self, _: &Target) -> Vec<List> {
        Vec::new()
    }
}
