from graders.errors import KataError as KataError
from graders.judge.client import Judge as Judge
from graders.verdict import Verdict as Verdict
from graders.version import __version__ as __version__
