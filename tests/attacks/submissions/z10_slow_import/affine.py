"""Never finish being imported."""

import time

time.sleep(1e6)
