//! The command line from end to end: the real binary, real repositories, the embedded cluster.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod admin;
mod appset;
mod bad_input;
mod both;
mod build;
mod charts;
mod commands;
mod definitions;
mod plans;
mod preview;
mod projects;
mod real;
mod real_applications;
mod secrets;
mod story;
mod streams;
mod workbench;
