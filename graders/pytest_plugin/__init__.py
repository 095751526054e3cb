"""The pytest plugin that runs a kata's tests, explains their failures and diagnoses misconceptions."""
