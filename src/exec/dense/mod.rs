//! Dense and pointwise convolutions: matrix products over pixels, never an im2col copy of the whole map.
//!
//! | file | pixels are | loops |
//! |---|---|---|
//! | `hwc.rs` | rows of the product, read in place | pixel block → panel → tile → k |
//! | `hwc_padded.rs` | rows of the product, from a strip | fill of rows → row → panel → tile → k |
//! | `chw.rs` | columns of the product, packed in slivers | block of slivers → two panels → panel → sliver → k, then few pixels → k |
//! | `product.rs`, `product_chw.rs` | | the tiles of some pixels and panels |
//! | `stage.rs` | | chooses the nest, cuts a run into tasks |

mod chw;
pub(crate) mod conv2d;
mod hwc;
mod hwc_padded;
pub(crate) mod pointwise;
mod product;
mod product_chw;
mod runs;
pub(crate) mod stage;
pub(crate) mod sum;
mod tiles;
