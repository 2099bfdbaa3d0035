"""What goes wrong in the lab, as one sentence."""


class LabError(Exception):
    """The lab cannot run, or a host did not do what a scenario waited for."""
