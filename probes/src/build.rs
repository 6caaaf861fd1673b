//! Finds the probes.

fn main() {
    catops_discover::plugins();
}
