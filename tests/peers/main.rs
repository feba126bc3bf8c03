//! The program against real servers on loopback; run by name, see CONTRIBUTING.md.
