#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| nats_kv_playground_fuzz::restore(data));
