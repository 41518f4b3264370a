"""Runs first in every kernel that the tests start: pages neither start programs, nor reach out, nor write elsewhere.

What libraries do while they are imported, and what the kernel does for itself, is theirs.
"""


def install(page):
    """Refuse what pages must not do; everything is local, since the kernel shares its names with the page."""
    import os
    import sys

    reaching_out = {
        "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system", "pty.spawn", "subprocess.Popen",
        "socket.connect", "socket.getaddrinfo", "socket.sendto",
    }
    changes = {"os.chmod", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink", "os.truncate"}
    writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT
    home, real, decode, sep, look = os.path.realpath("."), os.path.realpath, os.fsdecode, os.sep, sys._getframe

    def inside(path):
        path = real(decode(path))
        return path == home or path.startswith(home + sep)

    def by_the_page():
        frame = look(2)
        while frame and not frame.f_code.co_filename.startswith("<frozen importlib"):
            if frame.f_globals is page or frame.f_globals.get("__name__", "").split(".")[0] == "reparam":
                return True
            frame = frame.f_back
        return False

    def watch(event, args):
        writes = event == "open" and isinstance(args[2], int) and args[2] & writing
        paths = args[:1] if writes else args[:2] if event in changes else ()
        leaves = event in reaching_out or not all(inside(p) for p in paths if isinstance(p, str | bytes))
        if leaves and by_the_page():
            raise RuntimeError(f"pages keep to themselves, but this one asked for {event} {args[:2]}")

    sys.addaudithook(watch)


if __name__ == "__main__":  # pytest imports every file of this folder
    install(globals())
    del install
