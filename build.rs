//! Migrations are embedded by a macro, whose files cargo does not know of.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
