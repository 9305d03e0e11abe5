//! Where a server lives in-process: hands out transports, drains outputs in order, owns the clock.
//! The only module that knows both the server and the client.
