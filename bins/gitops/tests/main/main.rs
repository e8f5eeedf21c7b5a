//! The command line from end to end: the real binary, real repositories, the embedded cluster.

mod bad_input;
mod build;
mod commands;
mod plans;
mod real_applications;
mod secrets;
mod story;
mod workbench;
