//! With DuckDB: the program looks for DuckDB's library in its own folder first, then where it was built.

use std::path::Path;
use std::{env, iter};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let own_folder = match env::var("CARGO_CFG_TARGET_OS").as_deref() {
        Ok("windows") => return,
        Ok("macos") => "@executable_path",
        _ => "$ORIGIN",
    };
    if env::var_os("CARGO_FEATURE_DUCKDB").is_none() {
        return;
    }
    let out = env::var("OUT_DIR").unwrap_or_default();
    let build =
        Path::new(&out).ancestors().find(|folder| folder.file_name().is_some_and(|name| name == "build"));
    let built = build.and_then(Path::parent).and_then(Path::to_str);
    for folder in iter::once(own_folder).chain(built) {
        println!("cargo::rustc-link-arg-bins=-Wl,-rpath,{folder}");
    }
}
