"""Every function and aggregation operator of Prometheus 2.42 to 3.x, as tables."""

from __future__ import annotations

from dataclasses import dataclass

from lumen_action.promql.dialect import OLDEST, Version
from lumen_action.promql.tree import ValueType

SCALAR, STRING = ValueType.SCALAR, ValueType.STRING
INSTANT, RANGE = ValueType.INSTANT, ValueType.RANGE

UNBOUNDED = -1


@dataclass(frozen=True)
class Function:
    """What a function takes and gives.

    With `variadic`, the last argument may be left out or repeated up to that many times in all.
    """

    takes: tuple[ValueType, ...]
    gives: ValueType = INSTANT
    variadic: int = 0
    since: Version = OLDEST
    until: Version | None = None  # the first version that no longer has it
    experimental: bool = False

    @property
    def fewest(self) -> int:
        """Return how many arguments it needs."""
        return len(self.takes) - (1 if self.variadic else 0)

    @property
    def most(self) -> int | None:
        """Return how many arguments it takes, None for any number."""
        return None if self.variadic == UNBOUNDED else self.fewest + self.variadic


def _alike(names: str, function: Function) -> dict[str, Function]:
    return dict.fromkeys(names.split(), function)


FUNCTIONS: dict[str, Function] = {
    **_alike("time pi", Function((), SCALAR)),
    **_alike("scalar", Function((INSTANT,), SCALAR)),
    **_alike("vector", Function((SCALAR,))),
    **_alike(
        "abs absent acos acosh asin asinh atan atanh ceil cos cosh deg exp floor histogram_count histogram_sum ln "
        "log10 log2 rad sgn sin sinh sort sort_desc sqrt tan tanh timestamp",
        Function((INSTANT,)),
    ),
    **_alike("histogram_stddev histogram_stdvar", Function((INSTANT,), since=(2, 46))),
    **_alike("histogram_avg", Function((INSTANT,), since=(2, 50))),
    **_alike(
        "days_in_month day_of_month day_of_week day_of_year hour minute month year",
        Function((INSTANT,), variadic=1),
    ),
    **_alike(
        "absent_over_time avg_over_time changes count_over_time delta deriv idelta increase irate last_over_time "
        "max_over_time min_over_time present_over_time rate resets stddev_over_time stdvar_over_time sum_over_time",
        Function((RANGE,)),
    ),
    **_alike("clamp", Function((INSTANT, SCALAR, SCALAR))),
    **_alike("clamp_max clamp_min", Function((INSTANT, SCALAR))),
    **_alike("round", Function((INSTANT, SCALAR), variadic=1)),
    **_alike("histogram_fraction", Function((SCALAR, SCALAR, INSTANT))),
    **_alike("histogram_quantile", Function((SCALAR, INSTANT))),
    **_alike("quantile_over_time", Function((SCALAR, RANGE))),
    **_alike("predict_linear", Function((RANGE, SCALAR))),
    **_alike("holt_winters", Function((RANGE, SCALAR, SCALAR), until=(3, 0))),
    **_alike("label_replace", Function((INSTANT, STRING, STRING, STRING, STRING))),
    **_alike("label_join", Function((INSTANT, STRING, STRING, STRING), variadic=UNBOUNDED)),
    **_alike("mad_over_time", Function((RANGE,), since=(2, 49), experimental=True)),
    **_alike(
        "sort_by_label sort_by_label_desc",
        Function((INSTANT, STRING), variadic=UNBOUNDED, since=(2, 49), experimental=True),
    ),
    **_alike("double_exponential_smoothing", Function((RANGE, SCALAR, SCALAR), since=(3, 0), experimental=True)),
    **_alike("info", Function((INSTANT, INSTANT), variadic=1, since=(3, 0), experimental=True)),
    **_alike(
        "ts_of_max_over_time ts_of_min_over_time ts_of_last_over_time",
        Function((RANGE,), since=(3, 5), experimental=True),
    ),
    **_alike("first_over_time ts_of_first_over_time", Function((RANGE,), since=(3, 7), experimental=True)),
}


@dataclass(frozen=True)
class Aggregator:
    """An aggregation operator and the type of its parameter, where it has one."""

    parameter: ValueType | None = None
    since: Version = OLDEST
    experimental: bool = False


AGGREGATORS: dict[str, Aggregator] = {
    **dict.fromkeys(["sum", "avg", "count", "min", "max", "group", "stddev", "stdvar"], Aggregator()),
    **dict.fromkeys(["topk", "bottomk", "quantile"], Aggregator(SCALAR)),
    "count_values": Aggregator(STRING),
    **dict.fromkeys(["limitk", "limit_ratio"], Aggregator(SCALAR, (2, 54), experimental=True)),
}
