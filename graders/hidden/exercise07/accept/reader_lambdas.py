# Lambdas and a one-line dictionary; an unknown scheme raises a KeyError.
# independent
xavier_std = lambda fan_in, fan_out: (2 / (fan_in + fan_out)) ** 0.5
he_std = lambda fan_in: (2 / fan_in) ** 0.5
initialize = lambda fan_in, fan_out, scheme, rng: (
    rng.standard_normal((fan_out, fan_in)) * {"xavier": xavier_std(fan_in, fan_out), "he": he_std(fan_in)}[scheme]
)
