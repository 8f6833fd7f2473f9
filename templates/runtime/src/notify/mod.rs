//! What is told of a run to those who were not there: an [`Account`] comes in; a [`Message`] goes out, in the form of
//! whoever takes it, and a file of figures for Prometheus.
//!
//! Decides what is worth telling and how it reads. Texts that came from outside are texts wherever they arrive. Sends
//! nothing: the command line does, by `client/outside.rs`.

mod account;
mod message;
pub(crate) mod prometheus;
mod shape;

pub(crate) use account::{Account, Read};
pub(crate) use message::Message;
pub(crate) use shape::shaped;
