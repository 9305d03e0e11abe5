//! The `nats` command: a command line in, text out, over a client. Knows neither the server nor the DOM.
