"""Every table of Callscope, by importing the modules that define them: for migrations and for tests of them."""

from callscope.accounts import models as accounts
from callscope.api import rate_limits
from callscope.audit import models as audit
from callscope.calls import models as calls
from callscope.db import versions
from callscope.db.types import metadata
from callscope.erasure import models as erasure
from callscope.feedback import models as feedback
from callscope.metrics import models as metrics
from callscope.pricing import models as pricing
from callscope.repricing import models as repricing
from callscope.settings import models as settings
from callscope.store.sql import tables as store
from callscope.views import models as views

__all__ = [
    "accounts",
    "audit",
    "calls",
    "erasure",
    "feedback",
    "metadata",
    "metrics",
    "pricing",
    "rate_limits",
    "repricing",
    "settings",
    "store",
    "versions",
    "views",
]
