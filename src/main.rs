//! Mounts the page; Trunk builds this binary.

fn main() {
    #[cfg(all(feature = "page", target_arch = "wasm32"))]
    nats_kv_playground::page::mount();
}
