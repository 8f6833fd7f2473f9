//! A pipeline that reads GitLab's REST API and loads it into tables.
//!
//! [`cli`] reads the [`config`]; [`access`] looks at what the credentials open. The [`resources`] say what there is;
//! [`scope`] says where a run starts. [`extract`] asks the [`client`] for pages and lets the [`hooks`] see each record.
//! [`load`] takes the pages, [`normalize`] makes rows of them, and a [`destination`] keeps the rows. [`progress`] and
//! [`report`] tell people how it goes.

pub mod access;
pub mod cli;
pub mod client;
pub mod config;
pub mod destination;
pub mod extract;
pub mod hooks;
pub mod load;
pub mod moment;
pub mod normalize;
pub mod page;
pub mod progress;
pub mod report;
pub mod resource;
pub mod resources;
pub mod scope;
