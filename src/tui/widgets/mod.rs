//! Small things every pane is made of.

pub mod area;
pub mod field;
pub mod frame;
pub mod pen;
pub mod text;

pub use area::Area;
pub use field::Field;
pub use pen::Pen;
