//! The program killed at every named point, over a network that loses, delays and doubles answers.
