"""One of two sides that play at the same time, each in a network of its own: both have port 4222, and nothing is outside.

`Side` starts one and talks to it. Run as a program it is one: a request a line on stdin, the outcomes a line on stdout.
Must not know which programs it plays with, nor what becomes of the outcomes.
"""
import fcntl, json, os, socket, struct, subprocess, sys

import golden

PORT = 4222
PATIENCE = 7  # seconds after which a command is interrupted: more than its own default of 5
NETWORK = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--net"]


class Side:
    def __init__(self):
        self.process = subprocess.Popen([*NETWORK, sys.executable, "-m", "soak_cli.side"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def start(self, steps, programs):
        """Plays steps with a server and a nats; `outcomes` waits for what is seen."""
        self.process.stdin.write(json.dumps(["\n".join(steps), *programs]) + "\n")
        self.process.stdin.flush()

    def outcomes(self):
        return [tuple(outcome) for outcome in json.loads(self.process.stdout.readline())]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def why_not():
    """Why there is no network of one's own; nothing where there is."""
    try:
        tried = subprocess.run([*NETWORK, "true"], capture_output=True, text=True)
    except OSError as error:
        return str(error)
    return tried.stderr.strip() if tried.returncode else ""


def loopback_up():
    """What `ip link set lo up` does."""
    get_flags, set_flags, up = 0x8913, 0x8914, 1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        name, flags = struct.unpack("16sH14x", fcntl.ioctl(any_socket, get_flags, struct.pack("16sH14x", b"lo", 0)))
        fcntl.ioctl(any_socket, set_flags, struct.pack("16sH14x", name, flags | up))


def main():
    loopback_up()
    for line in sys.stdin:
        session, server, nats = json.loads(line)
        outcomes = golden.outcomes(session, server, nats, PORT, PATIENCE)
        try:
            print(json.dumps(outcomes), flush=True)
        except BrokenPipeError:
            return os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody asks any more


if __name__ == "__main__":
    main()
