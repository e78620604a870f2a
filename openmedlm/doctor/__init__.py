"""`doctor`: examines a server, one small request after another, and names the options that fit it."""

from openmedlm.doctor.examine import Examination, examine
from openmedlm.doctor.finding import Finding

__all__ = ["Examination", "Finding", "examine"]
