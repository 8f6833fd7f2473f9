//! With DuckDB: finds its library, and puts it beside the program that is built, which looks for it there.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=DUCKDB_LIB_DIR");
    if env::var_os("CARGO_FEATURE_DUCKDB").is_none() {
        return;
    }
    let places: Vec<PathBuf> = folders().into_iter().map(|folder| folder.join(library_name())).collect();
    let Some(library) = places.iter().find(|path| path.is_file()) else {
        // Looked for again by the next build. No error: whoever only checks the code needs no library.
        places.iter().for_each(|path| println!("cargo::rerun-if-changed={}", path.display()));
        println!(
            "cargo::warning=DuckDB's library {} is not found, and no program can be linked without it. \
             Say where it is: DUCKDB_LIB_DIR=/its/folder cargo build",
            library_name()
        );
        return;
    };
    println!("cargo::rerun-if-changed={}", library.display());
    if let Some(folder) = library.parent() {
        println!("cargo::rustc-link-search=native={}", folder.display());
    }
    let Some(profile) = profile_folder() else { return };
    if let Err(error) = place(library, &profile) {
        println!("cargo::warning=cannot put {} into {}: {error}", library.display(), profile.display());
    }
}

/// Where the library may be: the folder that is named, or that to which it was downloaded with its headers, or those for
/// what is installed, of which not every linker knows all.
fn folders() -> Vec<PathBuf> {
    if let Some(folder) = env::var_os("DUCKDB_LIB_DIR").or_else(|| env::var_os("DEP_DUCKDB_INCLUDE")) {
        return vec![folder.into()];
    }
    if env::var_os("HOST") != env::var_os("TARGET") {
        return Vec::new();
    }
    let of_machine = format!("/usr/lib/{}-linux-gnu", env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default());
    ["/usr/local/lib", "/opt/homebrew/lib", &of_machine, "/usr/lib64", "/usr/lib"].map(PathBuf::from).into()
}

fn library_name() -> &'static str {
    match env::var("CARGO_CFG_TARGET_OS").as_deref() {
        Ok("windows") => "duckdb.dll",
        Ok("macos") => "libduckdb.dylib",
        _ => "libduckdb.so",
    }
}

/// Where cargo puts what it builds: `target/release`.
fn profile_folder() -> Option<PathBuf> {
    let out = PathBuf::from(env::var_os("OUT_DIR")?);
    let build = out.ancestors().find(|folder| folder.file_name().is_some_and(|name| name == "build"))?;
    build.parent().map(Path::to_owned)
}

/// A program that is running goes on with the old file.
fn place(library: &Path, folder: &Path) -> io::Result<()> {
    let placed = folder.join(library_name());
    match fs::remove_file(&placed) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => fs::copy(library, placed).map(drop),
    }
}
