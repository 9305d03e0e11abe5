//! What JavaScript gets: an in-page nats-server for unmodified nats.js clients.
