//! JetStream: streams, consumers and their API, on top of core messaging.
