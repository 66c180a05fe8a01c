"""A lab with something set up in it, which is taken down as a whole: behind `with`, and when it cannot be set up."""
from lab.network import Lab


class Setting:
    """Of a kind that says what is set up (_set_up); the lab is up by then."""

    def __init__(self, mode):
        self.lab = Lab(mode)

    def __enter__(self):
        self.lab.__enter__()
        try:
            self._set_up()
            return self
        except BaseException:
            self.lab.down()
            raise

    def __exit__(self, *_):
        self.lab.down()
