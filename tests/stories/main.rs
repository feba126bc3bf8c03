//! What an operator does and what must come of it, told as stories.

mod publishing;
mod world;
