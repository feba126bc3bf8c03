//! The screen over a store of 20,000 channels and 1,000,000 deliveries, as an
//! operator meets it: the program in a real terminal, from the key to the frame
//! that answers it. Beside it the same over a store of 50 channels, and the
//! plainest query for what the first list shows. README says how it came out.
//!
//! `cargo bench --bench screen`

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench fails loudly, prints its figures and has the clock of the machine"
)]

#[allow(dead_code, reason = "each bench uses its part")]
#[path = "../publisher/figures.rs"]
mod figures;
mod generated;
mod measured;
mod terminal;

use generated::Generated;

fn main() {
    let small = Generated::new(50, 2_500);
    let large = Generated::new(20_000, 1_000_000);
    println!("50 channels, 2,500 deliveries");
    let few = measured::over(&small);
    println!("20,000 channels, 1,000,000 deliveries");
    let many = measured::over(&large);
    println!("20,000 beside 50");
    for (few, many) in few.iter().zip(&many) {
        println!(
            "  {:<24} {:.2}",
            many.what,
            many.middle().as_secs_f64() / few.middle().as_secs_f64()
        );
    }
}
