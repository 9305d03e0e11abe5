"""A port of the loopback for a server that is started later, or more than once."""
import socket


def reserve(port=0):
    """A socket that keeps a port (any, unless given) until it is closed: nobody else is given it, a server may listen on it.

    A port that is only looked up and let go may be given to two servers that start at the same time; the clients of the
    one that came second then talk to the first.
    """
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # with it, one that listens is let in beside this
    held.bind(("127.0.0.1", port))
    return held


def number(held):
    return held.getsockname()[1]
