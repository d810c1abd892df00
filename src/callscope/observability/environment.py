"""What a program's environment says to `connect`. It is read at that moment, and nothing else of the environment is."""

URL, API_KEY, PROJECT, ENVIRONMENT = VARIABLES = (
    "CALLSCOPE_URL",
    "CALLSCOPE_API_KEY",
    "CALLSCOPE_PROJECT",
    "CALLSCOPE_ENVIRONMENT",
)
