//! The skeleton is embedded as text: a new file in it must be seen.

fn main() {
    println!("cargo:rerun-if-changed=../templates");
    println!("cargo:rerun-if-changed=../Cargo.lock");
}
