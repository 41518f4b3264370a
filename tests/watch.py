"""Runs first in every kernel that the tests start: pages neither start programs, nor reach out, nor write elsewhere.

What libraries keep for themselves, in the folder for temporary files and in Matplotlib's own, is theirs to write.
"""


def install():
    """Refuse what pages must not do; everything is local, since the kernel shares its names with the page."""
    import os
    import sys
    import tempfile
    from pathlib import Path

    reaching_out = {
        "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system", "pty.spawn", "subprocess.Popen",
        "socket.connect", "socket.getaddrinfo", "socket.sendto",
    }
    changes = {"os.chmod", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink", "os.truncate"}
    writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT
    caches = [Path.home() / folder / "matplotlib" for folder in (".cache", ".config")]
    own = [str(folder.resolve()) for folder in (Path.cwd(), Path(tempfile.gettempdir()), *caches)]
    real, decode, sep, null = os.path.realpath, os.fsdecode, os.sep, os.devnull

    def is_own(path):
        path = real(decode(path))
        return "__pycache__" in path or path == null or any(path == f or path.startswith(f + sep) for f in own)

    def watch(event, args):
        writes = event == "open" and isinstance(args[2], int) and args[2] & writing
        paths = args[:1] if writes else args[:2] if event in changes else ()
        touched = [path for path in paths if isinstance(path, str | bytes)]
        if event in reaching_out or not all(map(is_own, touched)):
            raise RuntimeError(f"pages keep to themselves, but this one asked for {event} {args[:2]}")

    sys.addaudithook(watch)


if __name__ == "__main__":  # pytest imports every file of this folder
    install()
    del install
