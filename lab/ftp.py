"""An FTP server (pyftpdlib) for a real server of the lab: `python -m lab.ftp DIRECTORY ADDRESS [ANNOUNCED]`.

Anonymous, read only. ANNOUNCED is the address it names in passive mode, where its own is not the one clients know."""
import pathlib
import sys

from lab.host import PYTHON, wait_for

FTP_PORT = 21


def start(host, large, address, announced=None):
    """Starts one that serves `large`, and `name` with the host's name, at one of the host's addresses."""
    directory = pathlib.Path(host.lab.directory) / host.name / "ftp"
    if not directory.exists():
        directory.mkdir(parents=True)
        (directory / "name").write_text(host.name)
        (directory / "large").symlink_to(large)
    extra = [announced] if announced else []
    ftp = host.popen(PYTHON, "-m", "lab.ftp", directory, address, *extra,
                     log=directory.with_name(f"ftp-{address.replace(':', '-')}.log"))
    wait_for(lambda: host.listens(FTP_PORT, address), f"{host.name} serving FTP at {address}")
    return ftp


def main():
    from pyftpdlib.authorizers import DummyAuthorizer
    from pyftpdlib.filesystems import AbstractedFS
    from pyftpdlib.handlers import FTPHandler
    from pyftpdlib.servers import FTPServer

    class Files(AbstractedFS):
        def validpath(self, path):  # the large file is a link that leads out
            return True

    directory, address, *announced = sys.argv[1:]
    authorizer = DummyAuthorizer()
    authorizer.add_anonymous(directory)
    FTPHandler.authorizer, FTPHandler.abstracted_fs = authorizer, Files
    FTPHandler.masquerade_address = announced[0] if announced else None
    FTPServer((address, FTP_PORT), FTPHandler).serve_forever(handle_exit=False)


if __name__ == "__main__":
    main()
